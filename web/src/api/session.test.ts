import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { owner, refuse, session, signOut, token } from "./session.ts";
import { ways, type Signed, type Way } from "./sign-in.ts";

/** What an identity provider's way may be: tokens by a refresh token, as long as the person is signed in there. */
class Provider implements Way {
  user = { id: "alice", name: "Alice" };
  isSignedIn = true;
  failures = 0;
  issued = 0;
  lifetime = 3_600_000;
  #held: Signed | undefined;

  async obtain(): Promise<Signed | undefined> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("nobody answers");
    }
    if (!this.isSignedIn) return undefined;
    if (!this.#held || this.#held.expires < Date.now() + 60_000) {
      this.issued += 1;
      this.#held = { token: `token ${this.issued}`, expires: Date.now() + this.lifetime, user: this.user };
    }
    return this.#held;
  }

  refused(signed: Signed) {
    if (this.#held === signed) this.#held = undefined;
  }

  async signOut() {
    this.isSignedIn = false;
    this.#held = undefined;
  }
}

let provider: Provider;
let reloads = 0;
Object.assign(globalThis, { location: { reload: () => (reloads += 1) } });

beforeEach(() => {
  provider = new Provider();
  (ways as Way[]).splice(0, ways.length, provider);
  session.value = { state: "starting" };
  owner.value = undefined;
  reloads = 0;
});

test("a token is obtained once, by all who wait for it, and held", async () => {
  assert.deepEqual(await Promise.all([token(), token()]), ["token 1", "token 1"]);
  assert.equal(await token(), "token 1");
  assert.equal(provider.issued, 1);
  assert.deepEqual(owner.value, { id: "alice", name: "Alice" });
});

test("a token that is about to end is renewed, and so is one that was refused", async () => {
  provider.lifetime = 30_000;
  assert.equal(await token(), "token 1");
  provider.lifetime = 3_600_000;
  assert.equal(await token(), "token 2");
  refuse("token 2");
  assert.equal(session.value.state, "starting");
  assert.equal(await token(), "token 3");
  // Somebody found out later than the rest.
  refuse("token 2");
  assert.equal(await token(), "token 3");
  assert.equal(provider.issued, 3);
});

test("a provider that does not answer is asked again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  provider.failures = 2;
  const awaited = token();
  for (const _ of [1, 2]) {
    await new Promise(setImmediate);
    assert.equal(session.value.state, "unreachable");
    context.mock.timers.tick(2_000);
  }
  assert.equal(await awaited, "token 1");
});

test("signing out is the provider's to do", async () => {
  await token();
  await signOut();
  assert.equal(provider.isSignedIn, false);
  assert.equal(reloads, 1);
});

// The last, as it goes on asking.
test("who is not signed in there any more is asked, over the page as it is", async () => {
  await token();
  provider.isSignedIn = false;
  refuse("token 1");
  void token();
  await new Promise(setImmediate);
  assert.deepEqual(session.value, { state: "asking", again: true });
});
