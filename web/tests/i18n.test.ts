import { describe, expect, it } from 'vitest'
import { language, pickName, setLanguage, t, translate, word, type Key } from '../src/i18n'
import { en } from '../src/locales/en'
import { zh } from '../src/locales/zh'
import { LEVELS, QUALITIES, TIERS } from '../src/model'

const keys = Object.keys(zh) as Key[]
const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

describe('the two languages', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
  })

  it('leave nothing empty', () => {
    const empty = keys.filter((key) => zh[key].trim() === '' || en[key].trim() === '')

    expect(empty).toEqual([])
  })

  it('have the same places for values in each wording', () => {
    const different = keys.filter((key) => places(zh[key]).join() !== places(en[key]).join())

    expect(different).toEqual([])
  })

  it('have a word for every level, tier and quality', () => {
    const needed = [
      ...LEVELS.flatMap((level) => [`level.${level}`, `level.${level}.full`, `level.${level}.rank`]),
      ...TIERS.map((tier) => `tier.${tier}`),
      ...QUALITIES.map((quality) => `quality.${quality}`),
    ]

    expect(needed.filter((key) => !(key in zh))).toEqual([])
  })
})

describe('wording', () => {
  it('puts values in their places, zero too', () => {
    expect(translate('en', 'alerts.hidden', { n: 0 })).toBe('Filters hide 0 open alerts')
  })

  it('shows a word of the server that has no wording, rather than hiding it', () => {
    expect(word('reason', 'brand_new_reason')).toBe('brand new reason')
  })

  it('follows the language, and falls back to the other name', () => {
    setLanguage('zh')
    const chinese = [t('nav.alerts'), pickName({ zh: '甲', en: 'A' }), pickName({ zh: '', en: 'A' })]
    setLanguage('en')
    const english = [t('nav.alerts'), pickName({ zh: '甲', en: 'A' }), pickName('GBZ 2.1')]

    expect(chinese).toEqual(['告警', '甲', 'A'])
    expect(english).toEqual(['Alerts', 'A', 'GBZ 2.1'])
    expect(language.value).toBe('en')
  })
})
