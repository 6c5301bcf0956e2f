/**
 * The live stream with its own watchdog. In come Server-Sent Events, out go typed events in order;
 * a stream that closes or falls silent is opened again from the last ledger position it had.
 */
import type { Alert, CallNews, Hello, Page, Peaks, Status, Values } from './model'
import { REOPEN_AFTER_MS } from './watchdog'

export interface StreamHandlers {
  link(state: 'open' | 'lost'): void
  hello(data: Hello): void
  alert(data: Alert, position: number | null): void
  call(data: CallNews, position: number | null): void
  page(data: Page & { alerts: string[] }): void
  peaks(data: Peaks): void
  values(data: Values): void
  status(data: Status): void
  /** An event could not be read or applied: what is shown may lack it and has to be fetched anew. */
  broken(error: unknown): void
}

/** The part of an EventSource that is used, so that a test can stand in for it. */
export interface Source {
  readonly readyState: number
  onopen: ((event: Event) => void) | null
  onerror: ((event: Event) => void) | null
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

const CLOSED = 2
const REOPEN_CLOSED_AFTER_MS = 2_000

export class LiveStream {
  private source: Source | null = null
  private heardAt = 0
  private openedAt = 0
  private lastEventId: string | null

  constructor(
    private readonly connect: (url: string) => Source,
    private readonly handlers: StreamHandlers,
    private readonly clock: () => number,
    position: number | null,
  ) {
    this.lastEventId = position === null ? null : String(position)
  }

  get position(): string | null {
    return this.lastEventId
  }

  /** Forget the ledger position: the server's journal is another one than before. */
  startOver(position: number | null): void {
    this.lastEventId = position === null ? null : String(position)
  }

  open(): void {
    this.source?.close()
    const now = this.clock()
    this.openedAt = now
    this.heardAt = now
    const query = this.lastEventId === null ? '' : `?last_event_id=${encodeURIComponent(this.lastEventId)}`
    const source = this.connect(`/api/stream${query}`)
    this.source = source
    source.onopen = () => this.current(source) && this.handlers.link('open')
    source.onerror = () => this.current(source) && this.handlers.link('lost')
    this.listen(source)
  }

  /** Called several times a second; returns true when the stream was opened again. */
  check(): boolean {
    const now = this.clock()
    const closed = this.source === null || this.source.readyState === CLOSED
    const silent = now - this.heardAt > REOPEN_AFTER_MS
    if (!silent && !(closed && now - this.openedAt > REOPEN_CLOSED_AFTER_MS)) return false
    this.handlers.link('lost')
    this.open()
    return true
  }

  close(): void {
    this.source?.close()
    this.source = null
  }

  private listen(source: Source): void {
    const on = <Data>(name: string, take: (data: Data, event: MessageEvent<string>) => void) =>
      source.addEventListener(name, (event) => {
        if (!this.current(source)) return
        this.heardAt = this.clock()
        try {
          take(JSON.parse(event.data) as Data, event)
        } catch (error) {
          this.handlers.broken(error)
        }
        if (event.lastEventId !== '') this.lastEventId = event.lastEventId
      })
    on<Hello>('hello', (data) => this.handlers.hello(data))
    on<Alert>('alert', (data, event) => this.handlers.alert(data, positionOf(event)))
    on<CallNews>('call', (data, event) => this.handlers.call(data, positionOf(event)))
    on<Page & { alerts: string[] }>('page', (data) => this.handlers.page(data))
    on<Peaks>('peaks', (data) => this.handlers.peaks(data))
    on<Values>('values', (data) => this.handlers.values(data))
    on<Status>('status', (data) => this.handlers.status(data))
  }

  private current(source: Source): boolean {
    return this.source === source
  }
}

function positionOf(event: MessageEvent<string>): number | null {
  const position = Number(event.lastEventId)
  return event.lastEventId === '' || Number.isNaN(position) ? null : position
}
