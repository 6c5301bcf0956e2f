import { beforeEach, describe, expect, it } from 'vitest'
import { alertById, applyAlert, forgetAlerts, onAlert, rose } from '../src/stores/alerts'
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

  it('call a level risen only when it is worse than before', () => {
    const yellow = anAlert({ level: 'yellow' })

    expect(rose(anAlert({ level: 'red' }), yellow)).toBe(true)
    expect(rose(anAlert({ level: 'blue' }), yellow)).toBe(false)
    expect(rose(yellow, null)).toBe(false)
  })
})
