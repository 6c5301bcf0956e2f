/**
 * The alarm tones as data. A level in, a short list of tones out and how often it repeats; the worse
 * the level, the higher, longer and more frequent. `play` is the only part that makes a sound.
 */
import type { Level } from './model'

export interface Tone {
  atSeconds: number
  forSeconds: number
  hertz: number
  gain: number
}

export interface Pattern {
  tones: Tone[]
  everySeconds: number
}

const beeps = (count: number, hertz: number, forSeconds: number, gain: number): Tone[] =>
  Array.from({ length: count }, (_, n) => ({ atSeconds: n * forSeconds * 1.6, forSeconds, hertz, gain }))

const alternating: Tone[] = [0, 1, 2, 3, 4, 5].map((n) => ({
  atSeconds: n * 0.2,
  forSeconds: 0.19,
  hertz: n % 2 === 0 ? 988 : 740,
  gain: 0.34,
}))

export const PATTERNS: Record<Level | 'blind', Pattern> = {
  red: { tones: alternating, everySeconds: 2 },
  orange: { tones: beeps(3, 831, 0.17, 0.3), everySeconds: 3 },
  yellow: { tones: beeps(2, 659, 0.2, 0.26), everySeconds: 5 },
  blue: { tones: beeps(1, 523, 0.3, 0.22), everySeconds: 8 },
  attention: { tones: beeps(1, 440, 0.18, 0.14), everySeconds: 15 },
  blind: { tones: beeps(2, 233, 0.45, 0.3), everySeconds: 6 },
}

export function play(context: AudioContext, pattern: Pattern): void {
  for (const tone of pattern.tones) {
    const oscillator = context.createOscillator()
    const volume = context.createGain()
    const start = context.currentTime + tone.atSeconds
    const end = start + tone.forSeconds
    oscillator.type = 'triangle'
    oscillator.frequency.value = tone.hertz
    // A short rise and fall, or each tone begins and ends with a click.
    volume.gain.setValueAtTime(0, start)
    volume.gain.linearRampToValueAtTime(tone.gain, start + 0.015)
    volume.gain.setValueAtTime(tone.gain, end - 0.03)
    volume.gain.linearRampToValueAtTime(0, end)
    oscillator.connect(volume).connect(context.destination)
    oscillator.start(start)
    oscillator.stop(end)
  }
}
