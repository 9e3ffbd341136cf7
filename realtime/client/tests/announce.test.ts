// What is said aloud: together when it comes together, never a flood.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../announce.ts";
import { Comings } from "../comings.ts";

const element = () => ({ textContent: "", hidden: true }) as unknown as HTMLElement;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("what comes together is said together, and the latest of a kind takes the place of the one before", () => {
  const region = element();
  const notice = element();
  const { say } = new Announcer(region, notice);
  say("Ana a rejoint la table.");
  say("1 sur 3", false, "find");
  say("2 sur 3", false, "find");
  assert.equal(region.textContent, "Ana a rejoint la table. 2 sur 3");
  assert.equal(notice.hidden, true);
  say("Collé.", true);
  assert.deepEqual([notice.hidden, notice.textContent], [false, "Collé."]);
  for (let i = 0; i < 20; i += 1) say(`phrase ${i}`);
  assert.equal(region.textContent, "phrase 17 phrase 18 phrase 19");
});

test("people who come and go are one sentence, and a broken line is none", async () => {
  const said: string[] = [];
  const comings = new Comings((words) => said.push(words), 10);
  comings.come("1", "Ana");
  await pause(30);
  comings.come("2", "Ben");
  comings.come("3", "Zoé");
  comings.leave("1", "Ana");
  await pause(30);
  comings.leave("2", "Ben");
  comings.come("2", "Ben");
  await pause(30);
  for (let i = 10; i < 30; i += 1) comings.come(String(i), `Personne ${i}`);
  await pause(30);
  assert.deepEqual(said, [
    "Ana a rejoint la table.",
    "Ben et Zoé ont rejoint la table. Ana a quitté la table.",
    "20\u00a0personnes ont rejoint la table.",
  ]);
});
