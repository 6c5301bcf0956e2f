import { describe, expect, it } from 'vitest'
import type { Status } from '../src/model'
import { SteadyClock } from '../src/steadyclock'
import { judge, startWatch, takeStatus, type Watch } from '../src/watchdog'

const SERVER_START = Date.parse('2026-03-01T02:00:00.000Z')

function status(serverMs: number, foldedMs: number | null): Status {
  return {
    server_time: new Date(SERVER_START + serverMs).toISOString(),
    folded_to: foldedMs === null ? null : new Date(SERVER_START + foldedMs).toISOString(),
    watching: 312,
    cannot_tell: 6,
    sensors: 318,
    open: 0,
    unacknowledged: 0,
    engine: 'live',
    balanced: true,
    received_per_second: 61.5,
  }
}

function seeing(at: number, serverMs: number, foldedMs: number | null): Watch {
  return takeStatus(startWatch(0), status(serverMs, foldedMs), at)
}

describe('the verdict on the screen', () => {
  it('is connected while statuses come and the fold keeps up', () => {
    const verdict = judge(seeing(1_000, 1_000, 400), 1_500)

    expect(verdict).toEqual({ sight: 'connected', cause: null, sinceMs: null, ageMs: 1_100 })
  })

  it('is not blind at exactly five seconds, and is just after', () => {
    const watch = seeing(0, 0, 0)

    expect(judge(watch, 5_000).sight).toBe('connected')
    expect(judge(watch, 5_001).sight).toBe('blind')
  })

  it('says silent, and since when the picture holds, when no status comes', () => {
    const verdict = judge(seeing(1_000, 1_000, 400), 7_000)

    expect(verdict.cause).toBe('silent')
    expect(verdict.sinceMs).toBe(SERVER_START + 400)
  })

  it('says behind when statuses come but the fold does not move', () => {
    let watch = startWatch(0)
    for (let second = 1; second <= 6; second += 1) watch = takeStatus(watch, status(second * 1_000, 500), second * 1_000)

    const verdict = judge(watch, 6_000)

    expect(verdict).toMatchObject({ sight: 'blind', cause: 'behind', ageMs: 5_500 })
  })

  it('is blind when the engine never folded anything', () => {
    expect(judge(seeing(0, 0, null), 10)).toMatchObject({ sight: 'blind', cause: 'never_folded' })
  })

  it('takes folded_to at the epoch for a time, not for none', () => {
    const watch = takeStatus(startWatch(0), { ...status(0, 0), folded_to: '1970-01-01T00:00:00.000Z' }, 0)

    expect(judge(watch, 0)).toMatchObject({ cause: 'behind', sinceMs: 0 })
  })

  it('waits five seconds for a first status before it says blind', () => {
    expect(judge(startWatch(0), 5_000).sight).toBe('connecting')
    expect(judge(startWatch(0), 5_001)).toMatchObject({ sight: 'blind', cause: 'never_connected' })
  })

  it('does not take a repeated status for a sign of life', () => {
    const once = seeing(0, 1_000, 1_000)
    const twice = takeStatus(once, status(1_000, 1_000), 5_500)

    expect(judge(twice, 5_500).sight).toBe('blind')
  })

  it('recovers by itself with the next good status', () => {
    const blind = seeing(0, 0, 0)
    const again = takeStatus(blind, status(20_000, 19_500), 20_000)

    expect(judge(blind, 20_000).sight).toBe('blind')
    expect(judge(again, 20_000).sight).toBe('connected')
  })

  it('shows a lost line at once as reconnecting, before it is blind', () => {
    const lost: Watch = { ...seeing(0, 0, 0), link: 'lost' }

    expect(judge(lost, 1_000).sight).toBe('reconnecting')
  })
})

describe('the steady clock', () => {
  it('counts the hours a computer slept, which the monotonic clock leaves out', () => {
    const clock = new SteadyClock()
    clock.sample(1_000, 50_000)

    expect(clock.sample(1_250, 50_000 + 3_600_000)).toBe(3_600_000)
  })

  it('does not run backwards when the wall clock is set back', () => {
    const clock = new SteadyClock()
    clock.sample(1_000, 50_000)

    expect(clock.sample(7_000, 10_000)).toBe(6_000)
    expect(clock.sample(7_100, 10_100)).toBe(6_100)
  })
})
