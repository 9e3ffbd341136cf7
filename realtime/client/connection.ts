// The line itself: WebSocket first, long polling where WebSockets are refused, and also where a proxy accepts them and
// then stays mute. What was learned is remembered for the tab.

import { io, type Socket } from "socket.io-client";

const REMEMBERED = "open-lab.transport";
/** A join that is not acknowledged in this time over a WebSocket is taken for a mute proxy (realtime.md, promise 3). */
const PROBE = 5_000;
const MAX_PROBE = 30_000;
/** When the network comes back, all tabs of a browser and all computers of an office hear it at once, milliseconds. */
const ONLINE_SPREAD = 500;
/** How long a server that is full is left alone, milliseconds: from this time to half as long again. */
const NOT_NOW = 4_000;

/** Everybody draws by lot when they come back, so that a server that was restarted is not stormed. */
export const COMING_BACK = {
  reconnection: true,
  reconnectionAttempts: Infinity,
  // At first from 100 to 900 ms, then longer, never more than three seconds.
  reconnectionDelay: 500,
  reconnectionDelayMax: 3_000,
  randomizationFactor: 0.8,
};

export interface Line {
  socket: Socket;
  /** To be called when the join was acknowledged: the way works. */
  works(): void;
  /** What was said got no answer: leave this connection for another one, unless it is still busy sending. */
  renew(): void;
  close(): void;
}

function remembered(): boolean {
  try {
    return sessionStorage.getItem(REMEMBERED) === "polling";
  } catch {
    return false;
  }
}

function remember(): void {
  try {
    sessionStorage.setItem(REMEMBERED, "polling");
  } catch {
    // Without a memory the next page probes again: five seconds, nothing lost.
  }
}

/** Why the server closed its door, when it is for good. */
function refusal(error: Error & { description?: unknown }): string | null {
  // Before the session is known the answer is a plain HTTP status; after it, a refused connection with a code.
  if (error.description === 401 || error.message === "unauthenticated") return "unauthenticated";
  if (error.description === 403 || error.message === "forbidden") return "forbidden";
  return null;
}

/** Whether bytes still wait to leave this computer, as those of a large paste do on a slow line. */
function isSending(socket: Socket): boolean {
  const { transport } = socket.io.engine as unknown as { transport: { writable: boolean; ws?: WebSocket } };
  return !transport.writable || (transport.ws?.bufferedAmount ?? 0) > 0;
}

export function openLine(namespace: string, path: string, notLetIn: (code: string) => void): Line {
  let polling = remembered();
  let fell = false;
  let probe: ReturnType<typeof setTimeout> | null = null;
  let attemptAt = 0;
  let comingBack: ReturnType<typeof setTimeout> | null = null;

  const socket = io(namespace, {
    path,
    transports: polling ? ["polling"] : ["websocket", "polling"],
    tryAllTransports: true,
    autoConnect: false,
    forceNew: true,
    ...COMING_BACK,
    timeout: 20_000,
  });

  const stopProbe = () => {
    if (probe !== null) clearTimeout(probe);
    probe = null;
  };

  const fall = () => {
    probe = null;
    if (polling) return;
    polling = true;
    fell = true;
    socket.io.opts.transports = ["polling"];
    socket.disconnect();
    socket.connect();
  };

  const startProbe = (wait: number) => {
    stopProbe();
    if (!polling) probe = setTimeout(fall, wait);
  };

  const attempt = () => {
    attemptAt = Date.now();
    startProbe(PROBE);
  };

  const comeBack = (wait: number) => {
    if (comingBack !== null) clearTimeout(comingBack);
    comingBack = setTimeout(() => {
      comingBack = null;
      if (socket.connected) return;
      // The next attempt of the back-off may be seconds away: the line is there now.
      socket.disconnect();
      attempt();
      socket.connect();
    }, wait);
  };

  socket.io.on("reconnect_attempt", attempt);
  // A refusal is an answer: the server is down or says no, and nothing is mute.
  socket.io.on("error", stopProbe);
  socket.io.on("reconnect_error", stopProbe);
  socket.on("connect_error", (error) => {
    stopProbe();
    const code = refusal(error);
    if (code !== null) {
      socket.disconnect();
      notLetIn(code);
    } else if (!socket.active) {
      // The server answered and said "not now" (too many at once): the library leaves trying again to us.
      comeBack(NOT_NOW * (1 + Math.random() / 2));
    }
  });
  socket.on("connect", () => {
    // On a slow line the join of a long text takes its time: the wait follows the time that connecting took.
    startProbe(Math.min(MAX_PROBE, Math.max(PROBE, 10 * (Date.now() - attemptAt))));
  });
  socket.on("disconnect", stopProbe);

  const online = () => {
    if (!socket.connected) comeBack(Math.random() * ONLINE_SPREAD);
  };
  addEventListener("online", online);

  attempt();
  socket.connect();
  return {
    socket,
    works() {
      stopProbe();
      if (fell) remember();
    },
    renew() {
      if (isSending(socket)) return;
      // Not `socket.disconnect()`, which is a goodbye: a connection that ends is opened again after a drawn pause.
      socket.io.engine.close();
    },
    close() {
      stopProbe();
      if (comingBack !== null) clearTimeout(comingBack);
      removeEventListener("online", online);
      socket.close();
    },
  };
}
