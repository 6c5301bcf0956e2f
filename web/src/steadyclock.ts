/**
 * A clock for silences. In go samples of the monotonic and of the wall clock, out comes a time in
 * milliseconds that never runs backwards and also counts the hours a computer slept.
 */
export class SteadyClock {
  private lastMonotonic: number | null = null
  private lastWall = 0
  private elapsed = 0

  /** The monotonic clock may stop in sleep and the wall clock may be set back: the larger step is the truth. */
  sample(monotonicMs: number, wallMs: number): number {
    if (this.lastMonotonic !== null) {
      this.elapsed += Math.max(0, monotonicMs - this.lastMonotonic, wallMs - this.lastWall)
    }
    this.lastMonotonic = monotonicMs
    this.lastWall = wallMs
    return this.elapsed
  }
}
