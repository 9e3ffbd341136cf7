// Who came and who left, said once for all of them: twenty people who sit down at once are one sentence, and somebody
// whose line broke for a moment has not left.

/** How long comings and goings are gathered, milliseconds. */
const BREATH = 1_500;
/** So many are named; more are counted. */
const NAMED = 2;

function sentence(names: readonly string[], did: string): string {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} a ${did} la table.`;
  const who = names.length <= NAMED ? names.join(" et ") : `${names.length}\u00a0personnes`;
  return `${who} ont ${did} la table.`;
}

export class Comings {
  private readonly came = new Map<string, string>();
  private readonly left = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly say: (words: string) => void,
    private readonly breath = BREATH,
  ) {}

  come(key: string, name: string): void {
    if (!this.left.delete(key)) this.came.set(key, name);
    this.soon();
  }

  leave(key: string, name: string): void {
    if (!this.came.delete(key)) this.left.set(key, name);
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const words = [
        sentence([...this.came.values()], "rejoint"),
        sentence([...this.left.values()], "quitté"),
      ].filter(Boolean);
      this.came.clear();
      this.left.clear();
      if (words.length > 0) this.say(words.join(" "));
    }, this.breath);
  }
}
