/**
 * The alarm sound. In come the waiting alerts and the verdict on this screen, out comes a tone that
 * repeats until someone acknowledges or mutes; a browser that forbids sound is asked about, visibly.
 */
import { computed, shallowRef } from 'vue'
import type { Alert, Level } from '../model'
import { levelRank } from '../order'
import { PATTERNS, play } from '../tone'
import { waitingAlerts } from './alerts'
import { steadyNow } from './clock'
import { blind } from './live'
import { recall, remember } from './memory'

const wanted = shallowRef(recall('sound') !== 'off')
const running = shallowRef(false)
const supported = typeof AudioContext !== 'undefined'
/** What was muted: an alert at a level. The same alert at a worse level sounds again. */
const muted = shallowRef<ReadonlySet<string>>(new Set())
const blindMuted = shallowRef(false)

export type SoundState = 'on' | 'off' | 'blocked' | 'unsupported'
export const soundState = computed<SoundState>(() => {
  if (!supported) return 'unsupported'
  if (!wanted.value) return 'off'
  return running.value ? 'on' : 'blocked'
})

const mark = (alert: Alert) => `${alert.id}@${alert.level}@${alert.level_revision ?? ''}`

export const sounding = computed<Level | 'blind' | null>(() => {
  if (blind.value && !blindMuted.value) return 'blind'
  const loud = waitingAlerts.value.filter((alert) => !muted.value.has(mark(alert)))
  return loud.reduce<Level | null>(
    (worst, alert) => (worst === null || levelRank(alert.level) < levelRank(worst) ? alert.level : worst),
    null,
  )
})
export const hasMuted = computed(() => waitingAlerts.value.some((alert) => muted.value.has(mark(alert))))

let context: AudioContext | null = null

/** Must be called from a click or a key: only then a browser lets a page sound. */
export async function enableSound(): Promise<void> {
  wanted.value = true
  remember('sound', 'on')
  if (!supported) return
  context ??= newContext()
  await context.resume().catch(() => undefined)
  running.value = context.state === 'running'
}

export function disableSound(): void {
  wanted.value = false
  remember('sound', 'off')
}

export function muteNow(): void {
  muted.value = new Set(waitingAlerts.value.map(mark))
  if (blind.value) blindMuted.value = true
}

function newContext(): AudioContext {
  const made = new AudioContext()
  made.onstatechange = () => {
    running.value = made.state === 'running'
  }
  return made
}

export function startSound(): void {
  if (!supported) return
  context = newContext()
  running.value = context.state === 'running'
  const unlock = () => {
    if (wanted.value && !running.value) void enableSound()
  }
  // Any click or key counts as the gesture, so a person who works on the page need not hunt a button.
  window.addEventListener('pointerdown', unlock)
  window.addEventListener('keydown', unlock)
  let playedAt = -Infinity
  let playedWhat: Level | 'blind' | null = null
  setInterval(() => {
    if (!blind.value) blindMuted.value = false
    const what = sounding.value
    if (what === null || soundState.value !== 'on' || context === null) {
      playedWhat = null
      return
    }
    const due = what !== playedWhat || steadyNow() - playedAt >= PATTERNS[what].everySeconds * 1000
    if (!due) return
    playedAt = steadyNow()
    playedWhat = what
    play(context, PATTERNS[what])
  }, 100)
}
