// The search of a copy of the portal. It runs in a page opened from a disk as well as in one that a server sends: it fetches
// nothing, and loads its words as scripts (publish/static_site/words.py says how they are packed).
"use strict";
const copie = (() => {
  const LEVELS = "ABCDEFGHI";
  const A_FILE = 100;
  const MOST = 50;
  const LONGEST = 200;
  const MOST_WORDS = 12;
  // How soon more of the same word stops to count, as on the portal (publish/search.py).
  const HALF_AT = 10;
  // What a word that was only guessed from its beginning is worth beside the word itself.
  const GUESSED = 0.5;
  const SHORTEST_BEGINNING = 4;
  const ELISION = /(^|[^\p{L}\p{N}])(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu)[’']/giu;
  const policy = globalThis.trustedTypes?.createPolicy("copie", { createScriptURL: (name) => name });
  let total = 0;
  let stop = new Set();
  let shards = new Set();
  const words = new Map();
  const articles = new Map();
  const loading = new Map();

  const fold = (text) =>
    text.toLowerCase().replaceAll("œ", "oe").replaceAll("æ", "ae").normalize("NFKD").replace(/\p{M}/gu, "");
  const shardOf = (form) => form.slice(0, 2).replace(/[^a-z0-9]/g, "_");

  // One of our own files. A file that is missing is as if it had no words.
  function load(name) {
    if (!loading.has(name)) {
      loading.set(name, new Promise((done) => {
        const script = document.createElement("script");
        script.src = policy ? policy.createScriptURL(name) : name;
        script.onload = script.onerror = () => done();
        document.head.append(script);
      }));
    }
    return loading.get(name);
  }

  // "er,ement|1aC5z" of the stem "demenag": its forms, and [article, strength] of each article.
  function unpack(stem, packed) {
    const [endings, postings] = packed.split("|");
    const forms = endings.split(",").map((ending) => {
      const cut = /^(\d+)\+(.*)$/.exec(ending);
      return cut ? stem.slice(0, Number(cut[1])) + cut[2] : stem + ending;
    });
    let last = 0;
    const found = [];
    for (const [, distance, level] of postings.matchAll(/([0-9a-z]+)([A-I])/g)) {
      last += parseInt(distance, 36);
      found.push([last, 2 ** ((LEVELS.indexOf(level) + 1) / 2) - 1]);
    }
    return { forms, found };
  }

  function wanted(query) {
    const apart = query.slice(0, LONGEST).normalize("NFC").replace(ELISION, "$1 ");
    const found = (apart.match(/[\p{L}\p{N}]+/gu) ?? []).map(fold).filter((word) => word && !stop.has(word));
    return [...new Set(found)].slice(0, MOST_WORDS);
  }

  // Other spellings under which a word may stand: without its ending, which no article may have.
  function cut(word) {
    const found = [];
    if (word.endsWith("aux")) found.push(word.slice(0, -3) + "al", word.slice(0, -3) + "ail");
    for (const ending of ["ments", "ment", "es", "s", "x", "e", "ees", "ee", "er", "ez", "ent"]) {
      if (word.endsWith(ending) && word.length - ending.length >= 3) found.push(word.slice(0, -ending.length));
    }
    return found;
  }

  // {article: strength} of a word, and whether it had to be guessed.
  function strengths(word) {
    const stems = words.get(shardOf(word)) ?? [];
    let some = stems.filter((one) => one.forms.includes(word));
    let worth = 1;
    for (const other of some.length ? [] : cut(word)) {
      some = stems.filter((one) => one.stem === other || one.forms.includes(other));
      if (some.length) break;
    }
    if (!some.length && word.length >= SHORTEST_BEGINNING) {
      worth = GUESSED;
      some = stems.filter((one) => one.forms.some((form) => form.startsWith(word)));
      // The ending may be one that the portal knows and no article has: what shares most of its letters.
      for (let length = word.length - 1; !some.length && length >= Math.max(5, word.length - 4); length -= 1) {
        const begun = word.slice(0, length);
        some = stems.filter((one) => one.stem === begun || one.forms.some((form) => form.startsWith(begun)));
      }
    }
    const found = new Map();
    for (const one of some) {
      for (const [article, strength] of one.found) {
        found.set(article, Math.max(found.get(article) ?? 0, worth * strength));
      }
    }
    return found;
  }

  // The articles that answer, the best first: [[number, score]], and whether none has all the words.
  async function search(query) {
    const asked = wanted(query);
    await Promise.all(
      asked.map(shardOf).filter((name) => shards.has(name)).map((name) => load(`mots-${name}.js`)),
    );
    const scores = new Map();
    for (const word of asked) {
      const found = strengths(word);
      const rarity = Math.max(0.1, Math.log(1 + (total - found.size + 0.5) / (found.size + 0.5)));
      for (const [article, strength] of found) {
        const before = scores.get(article) ?? [0, 0];
        scores.set(article, [before[0] + 1, before[1] + (rarity * strength) / (HALF_AT + strength)]);
      }
    }
    const most = Math.max(0, ...[...scores.values()].map(([count]) => count));
    const whole = most === asked.length;
    const kept = [...scores].filter(([, [count]]) => count === most);
    kept.sort((one, other) => other[1][1] - one[1][1] || one[0] - other[0]);
    return { hits: kept.map(([article]) => article), isPartial: kept.length > 0 && !whole };
  }

  function element(name, content, attributes = {}) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...(Array.isArray(content) ? content : [content]));
    return made;
  }

  async function show(query) {
    const place = document.getElementById("resultats");
    const say = place.dataset;
    const { hits, isPartial } = await search(query);
    const shown = hits.slice(0, MOST);
    const names = [...new Set(shown.map((article) => Math.floor(article / A_FILE).toString(36)))];
    await Promise.all(names.map((name) => load(`fiches-${name}.js`)));
    const count = hits.length === 1 ? say.one : hits.length ? say.many.replace("0", hits.length) : say.none;
    const parts = [element("h2", count, { tabindex: "-1" })];
    if (isPartial) parts.push(element("p", say.partial));
    if (hits.length > MOST) parts.push(element("p", say.first.replace("0", MOST)));
    if (shown.length) {
      const lines = shown.filter((article) => articles.has(article)).map((article) => {
        const [slug, title, lead] = articles.get(article);
        return element("li", [element("a", title, { href: `../fiches/${slug}/index.html` }), element("p", lead)]);
      });
      parts.push(element("ul", lines, { class: "cards" }));
    } else {
      parts.push(element("p", say.help));
    }
    place.replaceChildren(...parts);
  }

  return {
    begin(...given) {
      const [idle, plan] = given;
      stop = new Set(idle.split(" "));
      total = plan.total;
      shards = new Set(plan.files);
    },
    words(name, entries) {
      words.set(name, Object.entries(entries).map(([stem, packed]) => ({ stem, ...unpack(stem, packed) })));
    },
    articles(_name, entries) {
      for (const [number, entry] of Object.entries(entries)) articles.set(parseInt(number, 36), entry);
    },
    search,
    async start() {
      document.getElementById("sans-javascript").remove();
      const field = document.getElementById("q");
      const query = new URLSearchParams(location.search).get("q")?.slice(0, LONGEST).trim() ?? "";
      await load("index.js");
      if (!query) return;
      field.value = query;
      await show(query);
      document.querySelector("#resultats h2").focus();
    },
  };
})();
if (document.getElementById("resultats")) copie.start();
