import { describe, expect, it } from 'vitest'
import { begin, isSettled, newActionId, nextMove, onAlertSeen, onPolled, onPosted } from '../src/acknowledge'
import { anAlert } from './examples'

const UNKNOWN = { kind: 'unknown', message: 'not durable within 2 s' } as const
const alert = anAlert({ revision: 3 })
const fresh = () => begin(alert, '张伟', 'action-1', 0)

describe('an acknowledgement', () => {
  it('is sent at once, with the revision that the person saw', () => {
    const state = fresh()

    expect(nextMove(state, 0)).toBe('post')
    expect(state.revision).toBe(3)
  })

  it('is not done when the server has recorded it: the ledger is asked', () => {
    const recorded = onPosted(fresh(), { kind: 'recorded' }, 10)

    expect(recorded.phase).toBe('recorded')
    expect(isSettled(recorded)).toBe(false)
    expect(nextMove(recorded, 10)).toBe('poll')
  })

  it('stands only on the ledger’s word', () => {
    const recorded = onPosted(fresh(), { kind: 'recorded' }, 10)
    const pending = onPolled(recorded, { status: 'pending', reason: null }, 20)
    const stands = onPolled(pending, { status: 'stands', reason: null }, 800)

    expect(pending.phase).toBe('recorded')
    expect(stands.phase).toBe('stands')
  })

  it('keeps asking under the same id while nobody knows, ever more slowly and without end', () => {
    let state = fresh()
    const asked: number[] = []
    for (let now = 0; now <= 120_000; now += 100) {
      if (nextMove(state, now) !== 'post') continue
      asked.push(now)
      state = onPosted(state, UNKNOWN, now)
    }

    expect(state.phase).toBe('unknown')
    expect(state.actionId).toBe('action-1')
    expect(asked.slice(0, 5)).toEqual([0, 1_000, 3_000, 7_000, 15_000])
    expect(asked.length).toBeGreaterThan(15)
  })

  it('recovers from not knowing when a later try is recorded', () => {
    const unknown = onPosted(fresh(), UNKNOWN, 0)
    const recorded = onPosted(unknown, { kind: 'recorded' }, 1_000)

    expect(recorded.phase).toBe('recorded')
    expect(recorded.reason).toBeNull()
  })

  it('is refused with the ledger’s reason', () => {
    const recorded = onPosted(fresh(), { kind: 'recorded' }, 10)
    const refused = onPolled(recorded, { status: 'refused', reason: 'level_risen' }, 20)

    expect(refused).toMatchObject({ phase: 'refused', reason: 'level_risen' })
    expect(nextMove(refused, 99_999)).toBe('none')
  })

  it('learns nothing from a question that was not answered', () => {
    const recorded = onPosted(fresh(), { kind: 'recorded' }, 10)
    const asked = onPolled(recorded, null, 20)

    expect(asked.phase).toBe('recorded')
    expect(nextMove(asked, 21)).toBe('none')
    expect(nextMove(asked, 720)).toBe('poll')
  })

  it('ends when the server does not accept it', () => {
    const rejected = onPosted(fresh(), { kind: 'rejected', status: 422, message: '`name` is empty' }, 0)

    expect(rejected).toMatchObject({ phase: 'rejected', reason: '`name` is empty' })
  })

  it('stands when the stream shows it under this name, even before the server answered', () => {
    const seen = anAlert({ revision: 4, state: 'acknowledged', acknowledged_by: '张伟', acknowledged_at: '2026-03-01T02:01:00.000Z' })

    expect(onAlertSeen(fresh(), seen, 5).phase).toBe('stands')
  })

  it('does not take another person’s word, an old revision or an old acknowledgement for its own', () => {
    const time = '2026-03-01T02:01:00.000Z'
    const other = anAlert({ revision: 4, acknowledged_by: '李娜', acknowledged_at: time })
    const old = anAlert({ revision: 3, acknowledged_by: '张伟', acknowledged_at: time })
    const before = begin(anAlert({ revision: 3, acknowledged_by: '张伟', acknowledged_at: time }), '张伟', 'action-2', 0)
    const risen = anAlert({ revision: 4, level: 'red', acknowledged_by: '张伟', acknowledged_at: time })

    expect(onAlertSeen(fresh(), other, 5).phase).toBe('sending')
    expect(onAlertSeen(fresh(), old, 5).phase).toBe('sending')
    expect(onAlertSeen(before, risen, 5).phase).toBe('sending')
  })

  it('does not fall back from settled', () => {
    const stands = onPolled(onPosted(fresh(), { kind: 'recorded' }, 0), { status: 'stands', reason: null }, 1)

    expect(onPosted(stands, UNKNOWN, 2)).toBe(stands)
    expect(onPolled(stands, { status: 'refused', reason: null }, 3)).toBe(stands)
  })
})

describe('an action id', () => {
  it('is the browser’s UUID where there is one', () => {
    const source = { randomUUID: () => 'from-browser', getRandomValues: <T extends ArrayBufferView>(array: T) => array }

    expect(newActionId(source)).toBe('from-browser')
  })

  it('is a well-formed version 4 UUID outside a secure context', () => {
    const source = { getRandomValues: <T extends ArrayBufferView>(array: T) => array }

    expect(newActionId(source)).toBe('00000000-0000-4000-8000-000000000000')
  })
})
