/**
 * The two languages. In go typed keys and values for their places, out comes the wording in the
 * language that is chosen and remembered; a word of the server that has no wording is shown as it is.
 */
import { ref } from 'vue'
import { en } from './locales/en'
import { zh } from './locales/zh'
import type { LimitName, Name } from './model'
import { recall, remember } from './stores/memory'

export type Key = keyof typeof zh
export type Language = 'zh' | 'en'
export type Places = Record<string, string | number>

const MESSAGES: Record<Language, Record<Key, string>> = { zh, en }

export const language = ref<Language>(recall('language') === 'en' ? 'en' : 'zh')

export function setLanguage(chosen: Language): void {
  language.value = chosen
  remember('language', chosen)
  if (typeof document !== 'undefined') document.documentElement.lang = chosen === 'zh' ? 'zh-CN' : 'en'
}

/** A key that was built from a server's new word has no wording yet: the word itself is shown, never a crash. */
export function translate(chosen: Language, key: Key, places: Places = {}): string {
  const wording: string = MESSAGES[chosen][key] ?? lastPart(key)
  return wording.replace(/\{(\w+)\}/g, (whole, word: string) => {
    const value = places[word]
    return value === undefined ? whole : String(value)
  })
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1).replaceAll('_', ' ')
}

export function t(key: Key, places: Places = {}): string {
  return translate(language.value, key, places)
}

/** A word of the server's own (a reason, a quality, a change); unknown ones are shown, never hidden. */
export function word(group: string, value: string): string {
  const key = `${group}.${value}`
  return key in zh ? t(key as Key) : lastPart(key)
}

export function pickName(name: LimitName | undefined): string {
  if (name === null || name === undefined) return ''
  if (typeof name === 'string') return name
  return (language.value === 'zh' ? name.zh || name.en : name.en || name.zh) ?? ''
}

/** Place names join without a space in Chinese text and with one in English. */
export function placeName(owner: Name, sensor: Name): string {
  return `${pickName(owner)} · ${pickName(sensor)}`
}
