// Answers for many pictures, few at a time: those in view first.

export class Queue {
  // work(job, signal) answers one job; onIdle is called when nothing is left.
  constructor(work, { atOnce = 4, onChange = () => {}, onIdle = () => {} } = {}) {
    Object.assign(this, { work, atOnce, onChange, onIdle });
    this.waiting = [];
    this.underway = new Map();
    this.seen = new Set();
    this.watch = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) this.seen.add(target);
        else this.seen.delete(target);
      }
      this.next();
    }, { rootMargin: "100px" });
  }

  get left() { return this.waiting.length + this.underway.size; }

  // Jobs have an element in the page, `item`. They begin once it is known which are in view.
  add(jobs) {
    this.waiting.push(...jobs);
    for (const { item } of jobs) this.watch.observe(item);
    this.onChange();
    setTimeout(() => this.next(), 150); // where nothing comes into view at all
  }

  drop(jobs) {
    const gone = new Set(jobs);
    this.waiting = this.waiting.filter((job) => !gone.has(job));
    for (const job of gone) {
      this.watch.unobserve(job.item);
      this.seen.delete(job.item);
      this.underway.get(job)?.abort();
      this.underway.delete(job);
    }
    this.onChange();
    this.next();
  }

  next() {
    while (this.underway.size < this.atOnce && this.waiting.length) {
      const job = this.first();
      this.waiting.splice(this.waiting.indexOf(job), 1);
      const stop = new AbortController();
      this.underway.set(job, stop);
      this.work(job, stop.signal).finally(() => {
        if (this.underway.get(job) !== stop) return; // dropped, perhaps added again
        this.underway.delete(job);
        this.onChange();
        if (!this.left) this.onIdle();
        this.next();
      });
    }
  }

  // Of those in view, or else of all, the first on the page.
  first() {
    const inView = this.waiting.filter(({ item }) => this.seen.has(item));
    return (inView.length ? inView : this.waiting).reduce((best, job) =>
      best.item.compareDocumentPosition(job.item) & Node.DOCUMENT_POSITION_PRECEDING ? job : best);
  }
}
