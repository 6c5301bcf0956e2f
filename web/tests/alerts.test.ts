import { beforeEach, describe, expect, it } from 'vitest'
import { alertById, applyAlert, applyCall, applyPeaks, forgetAlerts, onAlert, rose } from '../src/stores/alerts'
import { anAlert } from './examples'

beforeEach(forgetAlerts)

describe('the alerts that the page knows', () => {
  it('take the newest revision, whatever order they come in', () => {
    applyAlert(anAlert({ id: 'a', revision: 2, state: 'acknowledged' }), 8)
    applyAlert(anAlert({ id: 'a', revision: 1, state: 'unacknowledged' }), 7)

    expect(alertById('a')?.state).toBe('acknowledged')
  })

  it('tell of a change once, also when a reconnect sends it again', () => {
    const told: string[] = []
    const stop = onAlert((alert, before) => told.push(`${alert.id} ${before?.revision ?? 'new'}`))

    applyAlert(anAlert({ id: 'a', revision: 1 }), 7)
    applyAlert(anAlert({ id: 'a', revision: 1 }), 7)
    applyAlert(anAlert({ id: 'a', revision: 2 }), 8)
    stop()

    expect(told).toEqual(['a new', 'a 1'])
  })

  it('take what paging does for several at once, and no older word of it', () => {
    const call = { id: 'c', step: 1, cycle: 0, pages_due: 2, answered_by: null }
    applyAlert(anAlert({ id: 'a' }), 7)
    applyAlert(anAlert({ id: 'b' }), 8)

    applyCall({ call, alerts: ['a', 'b', 'gone'] }, 9)
    applyAlert(anAlert({ id: 'a', call: null }), 7)

    expect([alertById('a')?.call?.step, alertById('b')?.call?.step]).toEqual([1, 1])
    expect(alertById('gone')).toBeNull()
  })

  it('show a worse peak with its time at once', () => {
    applyAlert(anAlert({ id: 'a', peak: 9 }), 7)

    applyPeaks({ a: [1_772_330_405_000, 0] })

    expect([alertById('a')?.peak, alertById('a')?.peak_at]).toEqual([0, '2026-03-01T02:00:05.000Z'])
  })

  it('call a level risen only when it is worse than before', () => {
    const yellow = anAlert({ level: 'yellow' })

    expect(rose(anAlert({ level: 'red' }), yellow)).toBe(true)
    expect(rose(anAlert({ level: 'blue' }), yellow)).toBe(false)
    expect(rose(yellow, null)).toBe(false)
  })
})
