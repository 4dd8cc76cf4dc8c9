// Drives the example for apps through hours of a phone's life and prints what it did; time is a number here.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const { MemberCode, choose } = await import(pathToFileURL(process.argv[2]).href);
const { pack, iat } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const settled = () => new Promise((done) => setImmediate(done));
Date.now = () => { throw new Error("the phone's clock was asked"); };

function phone({ begin = 5000, answer }) {
  const seen = { drawn: [], counted: [], unavailable: 0, asked: [] };
  const world = { at: begin };
  const code = new MemberCode({
    monotonic: () => world.at,
    fetchPack: () => { seen.asked.push(world.at - begin); return answer(world.at - begin, world); },
    draw: (text) => seen.drawn.push([world.at - begin, text]),
    countdown: (seconds) => seen.counted.push([world.at - begin, seconds]),
    unavailable: () => { seen.unavailable += 1; },
  });
  const live = async (until) => { for (; world.at - begin < until; world.at += 1) { code.tick(); await settled(); } };
  return { seen, world, code, live };
}

const good = (since) => Promise.resolve({ server_time: iat + since, tokens: pack });
const offline = () => Promise.reject(new Error("no network"));
const told = {};

{ // online once, then never again, until the pack is used up
  const one = phone({ answer: (since) => (since < 1 ? good(since) : offline()) });
  await one.live(7400);
  told.offline = one.seen;
}
{ // a network that is always there, and a server that makes packs whenever it is asked
  const fresh = (since) => Promise.resolve({
    server_time: iat + since,
    tokens: Array.from({ length: 120 }, (_, n) => ({ exp: iat + since + 60 * (n + 1), text: `T${since}/${n}` })),
  });
  const one = phone({ answer: fresh });
  await one.live(9000);
  told.online = one.seen;
}
{ // an answer that took 11 s, then a quick one
  const one = phone({ answer: (since, world) => { if (since < 20) world.at += 11; return good(world.at - 5000); } });
  await one.live(60);
  told.slow = one.seen;
}
{ // signed out while the answer is on its way; somebody else signs in
  let give;
  const one = phone({ answer: () => new Promise((done) => { give = done; }) });
  one.code.tick();
  one.code.signOut();
  give({ server_time: iat, tokens: pack });
  await settled();
  await one.live(40);
  told.signedOut = structuredClone(one.seen);
  one.code.signIn();
  await one.live(42);
  told.signedIn = { asked: one.seen.asked };
}
{ // a phone that slept for an hour between two ticks
  const one = phone({ answer: (since) => (since < 1 ? good(since) : offline()) });
  await one.live(10);
  one.world.at += 3600;
  await one.live(3620);
  told.slept = one.seen;
}
told.choices = [-1, 0, 59, 60, 7199, 7200].map((since) => choose(pack, iat + since)?.exp ?? null);
told.shuffled = (() => { const one = phone({ answer: () => Promise.resolve({ server_time: iat, tokens: [...pack].reverse() }) }); return one; })();
await told.shuffled.live(90);
told.shuffled = told.shuffled.seen;
console.log(JSON.stringify(told));
