// A part of the editor that is fetched when it is first wanted; without a line that is said, and tried again next time.

export function onDemand<T>(load: () => Promise<T>, announce: (text: string) => void): (run: (part: T) => unknown) => void {
  let loading: Promise<T> | null = null;
  return (run) => {
    loading ??= load();
    loading.then(run, () => {
      loading = null;
      announce("Pas de connexion\u00a0: réessayez quand elle sera revenue.");
    });
  };
}
