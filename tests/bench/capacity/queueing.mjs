// What a simulation is made of: a clock with what is to happen, processors, a log that is synced.

/** Milliseconds. Of what is due at the same instant the first that was asked for comes first. */
export class Clock {
  constructor() {
    Object.assign(this, { now: 0, times: [], orders: [], works: [], asked: 0 });
  }

  after(ms, work) {
    this.#push(this.now + Math.max(ms, 0), this.asked++, work);
  }

  /** Until nothing is left before `end`. */
  run(end) {
    while (this.times.length > 0 && this.times[0] <= end) {
      this.now = this.times[0];
      this.#pop()();
    }
    this.now = end;
  }

  #isBefore(time, order, at) {
    return time < this.times[at] || (time === this.times[at] && order < this.orders[at]);
  }

  #put(at, time, order, work) {
    this.times[at] = time;
    this.orders[at] = order;
    this.works[at] = work;
  }

  #move(to, from) {
    this.#put(to, this.times[from], this.orders[from], this.works[from]);
  }

  #push(time, order, work) {
    let at = this.times.length;
    this.#put(at, time, order, work);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(time, order, parent)) break;
      this.#move(at, parent);
      at = parent;
    }
    this.#put(at, time, order, work);
  }

  #pop() {
    const work = this.works[0];
    const last = this.times.length - 1;
    const [time, order, moved] = [this.times[last], this.orders[last], this.works[last]];
    this.times.length = this.orders.length = this.works.length = last;
    if (last === 0) return work;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      const right = child + 1;
      if (right < last && this.#isBefore(this.times[right], this.orders[right], child)) child = right;
      if (this.#isBefore(time, order, child)) break;
      this.#move(at, child);
      at = child;
    }
    this.#put(at, time, order, moved);
    return work;
  }
}

/** First in, first out. */
export class Queue {
  constructor() {
    Object.assign(this, { items: [], head: 0 });
  }
  get length() {
    return this.items.length - this.head;
  }
  push(item) {
    this.items.push(item);
  }
  shift() {
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/** Processors that take what is asked for in turn. */
export class Processors {
  constructor(clock, count) {
    Object.assign(this, { clock, count, idle: count, waiting: new Queue(), busyMs: 0 });
  }

  run(ms, done) {
    if (this.idle === 0) return this.waiting.push([ms, done]);
    this.idle -= 1;
    this.#begin(ms, done);
  }

  #begin(ms, done) {
    this.busyMs += ms;
    this.clock.after(ms, () => {
      if (this.waiting.length > 0) this.#begin(...this.waiting.shift());
      else this.idle += 1;
      done();
    });
  }
}

/** A log on a disk: what is asked for while it syncs is on the disk after the next sync. */
export class Log {
  constructor(clock, { syncMs, bytesPerMs }) {
    Object.assign(this, { clock, syncMs, bytesPerMs, waiting: [], bytes: 0, busy: false, busyMs: 0 });
  }

  sync(bytes, done) {
    this.waiting.push(done);
    this.bytes += bytes;
    if (!this.busy) this.#begin();
  }

  #begin() {
    const [done, ms] = [this.waiting, this.syncMs + this.bytes / this.bytesPerMs];
    Object.assign(this, { waiting: [], bytes: 0, busy: true });
    this.busyMs += ms;
    this.clock.after(ms, () => {
      this.busy = false;
      if (this.waiting.length > 0) this.#begin();
      for (const one of done) one();
    });
  }
}
