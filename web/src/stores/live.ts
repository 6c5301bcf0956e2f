/**
 * Keeps the page live. Starts the loading, the stream and the watchdog; out come the status, the
 * verdict whether this screen can be trusted, and the server's time. Whatever fails is tried again.
 */
import { computed, shallowRef } from 'vue'
import type { Hello, Status } from '../model'
import { LiveStream, type Source } from '../stream'
import { judge, serverNow, startWatch, takeStatus, whenLoggedOut, type Watch } from '../watchdog'
import {
  alertsLoaded,
  applyAlert,
  applyCall,
  applyPage,
  applyPeaks,
  forgetAlerts,
  loadAlerts,
  openAlerts,
  truncated,
} from './alerts'
import { beat, startBeat, steadyNow } from './clock'
import { loadPark, park } from './park'
import { applyValues, cannotTell, loadSensors } from './sensors'
import { askLogin, suspectSession, untilMayAsk } from './session'

const RETRY_MS = 2_000
const SENSORS_AGAIN_MS = 30_000
const REPAIR_EVERY_MS = 4_000
/** Counts may differ for a moment while an event is on its way; so many seconds are no moment. */
const DIFFERENT_FOR_STATUSES = 3

export const status = shallowRef<Status | null>(null)
const watch = shallowRef<Watch>(startWatch(steadyNow()))
export const loadFailure = shallowRef<string | null>(null)

export const verdict = computed(() => (askLogin.value ? whenLoggedOut : judge)(watch.value, beat.value))
export const blind = computed(() => verdict.value.sight === 'blind')
/** The server's time in milliseconds, carried on by the steady clock between two statuses. */
export const serverNowMs = computed(() => serverNow(watch.value, beat.value))
/** The same in whole seconds: what shows seconds need not be drawn four times in each. */
export const serverSecondMs = computed(() =>
  serverNowMs.value === null ? null : Math.floor(serverNowMs.value / 1000) * 1000,
)
export const listDiffers = shallowRef(false)
export const simulated = computed(() => park.value?.simulated ?? greeted.value?.simulated ?? false)

const greeted = shallowRef<Hello | null>(null)
let stream: LiveStream | null = null
let sensorsAskedAt = 0
let repairedAt = 0
let alertsDifferFor = 0

async function attempt(what: () => Promise<unknown>): Promise<boolean> {
  try {
    await what()
    loadFailure.value = null
    return true
  } catch (error) {
    loadFailure.value = error instanceof Error ? error.message : String(error)
    return false
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function untilDone(what: () => Promise<unknown>): Promise<void> {
  await untilMayAsk()
  while (!(await attempt(what))) {
    await pause(RETRY_MS)
    await untilMayAsk()
  }
}

function takeHello(hello: Hello): void {
  const before = greeted.value
  greeted.value = hello
  if (before === null) return
  const reached = Number(stream?.position ?? 0)
  if (hello.park !== before.park || hello.position < reached) {
    // Another park, or a ledger that begins anew: nothing known here holds any more.
    stream?.startOver(hello.position)
    forgetAlerts()
    void untilDone(loadPark)
  }
  void untilDone(loadAlerts)
  void reloadSensors()
}

async function reloadSensors(): Promise<void> {
  sensorsAskedAt = steadyNow()
  await attempt(loadSensors)
}

function takeStatusEvent(data: Status): void {
  status.value = data
  watch.value = takeStatus(watch.value, data, steadyNow())
  beat.value = steadyNow()
  repairWhatDiffers(data)
}

/** The server counts too: when its counts and this page's lists stay apart, the lists are loaded again. */
function repairWhatDiffers(data: Status): void {
  const now = steadyNow()
  const differs = alertsLoaded.value && !truncated.value && data.open !== openAlerts.value.length
  alertsDifferFor = differs ? alertsDifferFor + 1 : 0
  listDiffers.value = alertsDifferFor >= DIFFERENT_FOR_STATUSES
  if (listDiffers.value && now - repairedAt > REPAIR_EVERY_MS) {
    repairedAt = now
    void attempt(loadAlerts)
  }
  const sensorsOld = now - sensorsAskedAt > SENSORS_AGAIN_MS
  const sensorsDiffer = data.cannot_tell !== cannotTell.value.length && now - sensorsAskedAt > REPAIR_EVERY_MS
  if (sensorsOld || sensorsDiffer) void reloadSensors()
}

function connect(url: string): Source {
  return new EventSource(url) as unknown as Source
}

export async function startLive(): Promise<void> {
  startBeat(() => {
    if (!askLogin.value) stream?.check()
  })
  void untilDone(loadPark)
  void untilDone(loadSensors)
  let position = 0
  await untilDone(async () => {
    position = await loadAlerts()
  })
  stream = new LiveStream(
    connect,
    {
      link: (link) => {
        watch.value = { ...watch.value, link }
        if (link === 'lost') suspectSession()
      },
      hello: takeHello,
      alert: applyAlert,
      call: applyCall,
      page: (page) => page.alerts.forEach((alert) => applyPage(page, alert)),
      peaks: applyPeaks,
      values: applyValues,
      status: takeStatusEvent,
      broken: (error) => {
        loadFailure.value = error instanceof Error ? error.message : String(error)
        void untilDone(loadAlerts)
      },
    },
    steadyNow,
    position,
  )
  stream.open()
}
