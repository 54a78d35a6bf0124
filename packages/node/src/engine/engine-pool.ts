import { BigridError, fail } from '@bigrid/errors';
import type { Engine, Session, Tensors } from '@bigrid/graph';
import type { Answer, Host, OnAnswer, Work } from './engine-host.ts';

/** Opens a host that passes its answers to `onAnswer`. */
type OpenHost = (onAnswer: OnAnswer) => Host;

/** An engine that runs on up to `most` hosts at once, which are opened when needed. */
export function pooledEngine(description: string, most: number, open: OpenHost): Engine {
  const pool = new Pool(most, open);
  let number = 0;
  return {
    description,
    async load(model) {
      const session = new PooledSession(pool, number++, model);
      await session.open();
      return session;
    },
  };
}

class PooledSession implements Session {
  readonly #pool: Pool;
  readonly #number: number;
  readonly #model: Uint8Array;
  #isDisposed = false;

  constructor(pool: Pool, number: number, model: Uint8Array) {
    this.#pool = pool;
    this.#number = number;
    this.#model = model;
  }

  /** One host is enough to know whether the model loads. */
  async open(): Promise<void> {
    this.#pool.users++;
    try {
      await this.#pool.ask(this.#number, this.#model, undefined);
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  async run(inputs: Tensors): Promise<Tensors> {
    // An image still being decoded on cancellation must not open a host that nothing ends.
    if (this.#isDisposed) throw engineEnded();
    return this.#pool.ask(this.#number, this.#model, inputs);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    if (--this.#pool.users === 0) await this.#pool.end();
  }
}

function engineEnded(): BigridError {
  return new BigridError(
    'ENGINE_FAILED',
    'Expected to run a graph but its session was disposed of',
    { remedy: 'Dispose of a session after its last run.' },
  );
}

function hostEnded(): BigridError {
  return new BigridError(
    'ENGINE_FAILED',
    'Expected to run a graph but the thread or process that runs it ended',
  );
}

/** Hosts, opened when needed, and the callers waiting for one. */
class Pool {
  users = 0;
  readonly #most: number;
  readonly #open: OpenHost;
  readonly #members: Member[] = [];
  readonly #idle: Member[] = [];
  readonly #waiting: PromiseWithResolvers<Member>[] = [];

  constructor(most: number, open: OpenHost) {
    this.#most = most;
    this.#open = open;
  }

  async ask(session: number, model: Uint8Array, inputs: Tensors | undefined): Promise<Tensors> {
    const member = await this.#take();
    try {
      return await member.ask(session, model, inputs);
    } finally {
      this.#giveBack(member);
    }
  }

  #giveBack(member: Member): void {
    // A host that ended in the meantime is not reused.
    if (!this.#members.includes(member)) return;
    if (member.hasEnded) this.#drop(member);
    const next = this.#waiting.shift();
    if (next) next.resolve(member.hasEnded ? this.#add() : member);
    else if (!member.hasEnded) this.#idle.push(member);
  }

  #add(): Member {
    const member = new Member(this.#open);
    this.#members.push(member);
    return member;
  }

  /** A host that died, for example of too little memory, is replaced. */
  #drop(member: Member): void {
    this.#members.splice(this.#members.indexOf(member), 1);
  }

  async end(): Promise<void> {
    this.#idle.length = 0;
    for (const turn of this.#waiting.splice(0)) turn.reject(engineEnded());
    await Promise.all(this.#members.splice(0).map((member) => member.end()));
  }

  #take(): Member | Promise<Member> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.hasEnded) return idle;
      this.#drop(idle);
    }
    if (this.#members.length < this.#most) return this.#add();
    const turn = Promise.withResolvers<Member>();
    this.#waiting.push(turn);
    return turn.promise;
  }
}

/** One host, and its current request. */
class Member {
  readonly #host: Host;
  readonly #ended: Promise<void>;
  readonly #loaded = new Set<number>();
  #asked: PromiseWithResolvers<Answer> | undefined;
  hasEnded = false;

  constructor(open: OpenHost) {
    this.#host = open((answer) => this.#asked?.resolve(answer));
    // Why a host died is not an error of the registry: callers get ENGINE_FAILED.
    this.#ended = this.#host.ended.then(() => {
      this.hasEnded = true;
      this.#asked?.reject(hostEnded());
    });
  }

  async ask(session: number, model: Uint8Array, inputs: Tensors | undefined): Promise<Tensors> {
    if (this.hasEnded) throw hostEnded();
    const needsModel = !this.#loaded.has(session);
    this.#host.send({ session, model: needsModel ? model : undefined, inputs } satisfies Work);
    // No `Promise.race` with the end of the host: it would keep every answer in memory until then.
    this.#asked = Promise.withResolvers<Answer>();
    const answer = await this.#asked.promise;
    this.#asked = undefined;
    if ('code' in answer) return fail(answer.code, answer.message, { remedy: answer.remedy });
    this.#loaded.add(session);
    return answer.outputs;
  }

  /** Lets the host finish first: tearing down an engine during a run aborts the process. */
  async end(): Promise<void> {
    this.#host.send('end');
    await this.#ended;
  }
}
