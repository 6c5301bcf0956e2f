/** Whether a person is at the page. In go their touches, out comes whether one was within the last minute. */
import { steadyNow } from './clock'

const PRESENT_FOR_MS = 60_000
let touchedAt = Number.NEGATIVE_INFINITY

export function personPresent(): boolean {
  return steadyNow() - touchedAt < PRESENT_FOR_MS
}

export function startActivity(): void {
  const touched = () => {
    touchedAt = steadyNow()
  }
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const) {
    window.addEventListener(name, touched, { passive: true, capture: true })
  }
}
