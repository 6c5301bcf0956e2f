import { describe, expect, it } from 'vitest'
import type { Alert } from '../src/model'
import { LiveStream, type Source, type StreamHandlers } from '../src/stream'

/** A source driven by the test. */
class ScriptedSource implements Source {
  readyState = 0
  onopen: ((event: Event) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  closed = false
  private listeners = new Map<string, (event: MessageEvent<string>) => void>()

  constructor(readonly url: string) {}

  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, listener)
  }

  close(): void {
    this.closed = true
  }

  send(name: string, data: string, lastEventId = ''): void {
    this.listeners.get(name)?.({ data, lastEventId } as MessageEvent<string>)
  }
}

function scene(position: number | null) {
  const sources: ScriptedSource[] = []
  const heard: string[] = []
  const clock = { now: 0 }
  const handlers: StreamHandlers = {
    link: (state) => heard.push(`link ${state}`),
    hello: () => heard.push('hello'),
    alert: (alert: Alert, at) => heard.push(`alert ${alert.id} ${at}`),
    call: (news, at) => heard.push(`call ${news.alerts.join(' ')} ${at}`),
    page: (page) => heard.push(`page ${page.alerts.join(' ')}`),
    peaks: (peaks) => heard.push(`peaks ${Object.keys(peaks).join(' ')}`),
    values: () => heard.push('values'),
    status: () => heard.push('status'),
    broken: () => heard.push('broken'),
  }
  const connect = (url: string) => {
    const source = new ScriptedSource(url)
    sources.push(source)
    return source
  }
  const stream = new LiveStream(connect, handlers, () => clock.now, position)
  const last = (): ScriptedSource => {
    const source = sources.at(-1)
    if (source === undefined) throw new Error('no source was opened')
    return source
  }
  return { stream, sources, heard, clock, last }
}

describe('the live stream', () => {
  it('begins at the ledger position that the list was read at, zero included', () => {
    const { stream, last } = scene(0)

    stream.open()

    expect(last().url).toBe('/api/stream?last_event_id=0')
  })

  it('asks for no position when there is none', () => {
    const { stream, last } = scene(null)

    stream.open()

    expect(last().url).toBe('/api/stream')
  })

  it('opens anew after silence, from the newest position heard', () => {
    const { stream, sources, last, clock } = scene(4)
    stream.open()
    last().send('alert', '{"id":"a"}', '9')
    clock.now = 6_001

    const reopened = stream.check()

    expect(reopened).toBe(true)
    expect(sources[0]?.closed).toBe(true)
    expect(last().url).toBe('/api/stream?last_event_id=9')
  })

  it('leaves a stream alone that still speaks', () => {
    const { stream, last, clock } = scene(4)
    stream.open()
    clock.now = 5_900
    last().send('status', '{}')
    clock.now = 11_800

    expect(stream.check()).toBe(false)
  })

  it('opens a closed stream anew without waiting for the silence, but not at once', () => {
    const { stream, last, clock } = scene(4)
    stream.open()
    last().readyState = 2
    clock.now = 1_000
    const tooSoon = stream.check()
    clock.now = 2_100

    expect(tooSoon).toBe(false)
    expect(stream.check()).toBe(true)
  })

  it('keeps trying for as long as it stays silent', () => {
    const { stream, sources, clock } = scene(4)
    stream.open()
    for (clock.now = 0; clock.now <= 60_000; clock.now += 250) stream.check()

    expect(sources.length).toBeGreaterThanOrEqual(9)
  })

  it('ignores what a source says after it was replaced', () => {
    const { stream, sources, heard, clock } = scene(4)
    stream.open()
    clock.now = 7_000
    stream.check()

    sources[0]?.send('alert', '{"id":"old"}', '99')

    expect(heard).not.toContain('alert old 99')
    expect(stream.position).toBe('4')
  })

  it('reports an event that cannot be read, and hears the next one', () => {
    const { stream, last, heard } = scene(4)
    stream.open()

    last().send('alert', '{"id":', '5')
    last().send('alert', '{"id":"b"}', '6')

    expect(heard).toEqual(['broken', 'alert b 6'])
  })
})
