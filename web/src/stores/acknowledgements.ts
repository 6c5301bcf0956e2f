/**
 * Carries every acknowledgement to its end. In go a person's name and an alert, out comes where each
 * one stands; asking goes on under the same id, also when the dialog is closed or the page is loaded anew.
 */
import { computed, shallowRef } from 'vue'
import {
  begin,
  isSettled,
  newActionId,
  nextMove,
  onAlertSeen,
  onPolled,
  onPosted,
  type Acknowledgement,
} from '../acknowledge'
import { api } from '../api'
import type { Alert } from '../model'
import { carriesOn } from '../session'
import { onAlert } from './alerts'
import { steadyNow } from './clock'
import { recall, remember } from './memory'
import { session } from './session'

const UNFINISHED = 'unfinished-acknowledgements'
const BEAT_MS = 200

const all = shallowRef<ReadonlyMap<string, Acknowledgement>>(new Map())
/** Those of the person at the page: what another one began waits for them, and is not sent in this one's name. */
export const acknowledgements = computed<ReadonlyMap<string, Acknowledgement>>(
  () => new Map([...all.value].filter(([, state]) => carriesOn(session.value, state.name))),
)
const busy = new Set<string>()

export function rememberedName(): string {
  return recall('name') ?? ''
}

function put(state: Acknowledgement): void {
  all.value = new Map(all.value).set(state.alertId, state)
  const unfinished = [...all.value.values()].filter((one) => !isSettled(one))
  remember(UNFINISHED, JSON.stringify(unfinished))
}

export function acknowledge(alert: Alert, name: string): void {
  remember('name', name)
  put(begin(alert, name, newActionId(), steadyNow()))
  void advance(alert.id)
}

/** Forget one that is settled, so that the person can begin another. */
export function dismiss(alertId: string): void {
  const state = all.value.get(alertId)
  if (state === undefined || !isSettled(state)) return
  const rest = new Map(all.value)
  rest.delete(alertId)
  all.value = rest
}

/** Apply an answer to the state as it is now: the stream may have settled it while we asked. */
function change(actionId: string, alertId: string, step: (state: Acknowledgement) => Acknowledgement): void {
  const state = all.value.get(alertId)
  if (state === undefined || state.actionId !== actionId) return
  const next = step(state)
  if (next !== state) put(next)
}

async function advance(alertId: string): Promise<void> {
  const state = acknowledgements.value.get(alertId)
  if (state === undefined || busy.has(state.actionId)) return
  const move = nextMove(state, steadyNow())
  if (move === 'none') return
  busy.add(state.actionId)
  try {
    if (move === 'post') {
      const answer = await api.acknowledge(alertId, state.name, state.revision, state.actionId)
      change(state.actionId, alertId, (now) => onPosted(now, answer, steadyNow()))
    } else {
      const answer = await api.action(state.actionId).catch(() => null)
      change(state.actionId, alertId, (now) => onPolled(now, answer, steadyNow()))
    }
  } finally {
    busy.delete(state.actionId)
  }
}

function resume(): void {
  try {
    const saved = JSON.parse(recall(UNFINISHED) ?? '[]') as Acknowledgement[]
    // The steady clock begins anew with the page, so each is due at once.
    for (const state of saved) put({ ...state, askAt: steadyNow() })
  } catch {
    remember(UNFINISHED, '[]')
  }
}

export function startAcknowledgements(): void {
  resume()
  onAlert((alert) => {
    const state = all.value.get(alert.id)
    if (state !== undefined) change(state.actionId, alert.id, (now) => onAlertSeen(now, alert, steadyNow()))
  })
  setInterval(() => {
    for (const alertId of acknowledgements.value.keys()) void advance(alertId)
  }, BEAT_MS)
}
