/** The page's steady clock and its beat. Nothing in; out come milliseconds that never run backwards. */
import { ref } from 'vue'
import { SteadyClock } from '../steadyclock'

const clock = new SteadyClock()

export function steadyNow(): number {
  return clock.sample(performance.now(), Date.now())
}

/** The steady time of the last beat; what is computed from it renews itself four times a second. */
export const beat = ref(steadyNow())

const BEAT_MS = 250

export function startBeat(onBeat: () => void): void {
  const strike = () => {
    beat.value = steadyNow()
    onBeat()
  }
  setInterval(strike, BEAT_MS)
  document.addEventListener('visibilitychange', strike)
}
