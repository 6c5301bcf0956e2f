/**
 * The trend chart as an ECharts option. In go series, scale and words, out comes plain data: good
 * readings solid, doubtful dashed, bad as crosses, limits as labelled lines, the onset marked.
 */
import type { EChartsCoreOption } from 'echarts/core'
import { formatClock, formatNumber, formatTime } from '../format'
import type { Level } from '../model'
import type { Scale } from './scale'
import type { Point, Series } from './series'

export const LEVEL_COLOURS: Record<Level, string> = {
  red: '#ff5c5c',
  orange: '#ff9d42',
  yellow: '#ffdc4a',
  blue: '#66b2ff',
  attention: '#b6c2cf',
}

const INK = '#dbe4ee'
const QUIET = '#8fa0b2'
const GRID = '#1e2935'
const GOOD = '#7fd1c7'
const DOUBT = '#c9a6ff'
const BAD = '#9aa8b8'

export interface TrendWords {
  good: string
  doubtful: string
  bad: string
  onset: string
  quality: (word: string) => string
}

export interface TrendInput {
  series: Series
  scale: Scale
  fromMs: number
  toMs: number
  nowMs: number | null
  onsetMs: number | null
  unit: string
  narrow: boolean
  words: TrendWords
}

export function trendOption(input: TrendInput): EChartsCoreOption {
  const { series, scale, words } = input
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'inherit', color: INK },
    grid: { left: 8, right: 14, top: 30, bottom: 6, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      backgroundColor: '#0b1118',
      borderColor: '#33414f',
      textStyle: { color: INK, fontSize: 12 },
      axisPointer: { lineStyle: { color: '#4d5d6d' } },
      formatter: (items: unknown) => tooltip(items, input),
    },
    xAxis: {
      type: 'time',
      min: input.fromMs,
      max: input.toMs,
      splitNumber: input.narrow ? 3 : 6,
      axisLine: { lineStyle: { color: '#33414f' } },
      axisLabel: { color: QUIET, hideOverlap: true, formatter: (time: number) => axisClock(time, input) },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: scale.min,
      max: scale.max,
      name: input.unit,
      nameTextStyle: { color: QUIET, align: 'left' },
      nameGap: 12,
      axisLabel: { color: QUIET, showMaxLabel: false, formatter: (value: number) => formatNumber(value) },
      splitLine: { lineStyle: { color: GRID } },
    },
    series: [
      line(words.good, series.good, GOOD, 'solid', [...limitLines(input), ...onsetLine(input)]),
      line(words.doubtful, series.doubtful, DOUBT, 'dashed', []),
      scatter('', series.lonely, GOOD, 'circle'),
      scatter(words.bad, series.bad, BAD, 'path://M0,0 L2,0 L6,4 L10,0 L12,0 L7,6 L12,12 L10,12 L6,8 L2,12 L0,12 L5,6 Z'),
    ],
  }
}

function line(name: string, data: Point[], colour: string, type: 'solid' | 'dashed', marks: object[]): object {
  return {
    type: 'line',
    name,
    data,
    dimensions: ['time', 'value', 'quality'],
    encode: { x: 0, y: 1 },
    connectNulls: false,
    showSymbol: false,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: colour, width: 1.8, type },
    itemStyle: { color: colour },
    z: 3,
    markLine: { silent: true, symbol: 'none', animation: false, data: marks },
  }
}

function scatter(name: string, data: Point[], colour: string, symbol: string): object {
  return { type: 'scatter', name, data, encode: { x: 0, y: 1 }, symbol, symbolSize: 7, itemStyle: { color: colour }, z: 4 }
}

function limitLines({ scale }: TrendInput): object[] {
  return scale.drawn.map((limit) => {
    const color = limit.level === null ? QUIET : LEVEL_COLOURS[limit.level]
    return {
      yAxis: limit.value,
      lineStyle: { color, width: 1.4, type: [7, 4], opacity: 0.95 },
      label: {
        position: 'insideStartTop',
        distance: [6, 2],
        formatter: limit.label,
        color,
        fontSize: 11,
        fontWeight: 600,
        textBorderColor: '#0d131a',
        textBorderWidth: 3,
      },
    }
  })
}

function onsetLine({ onsetMs, words }: TrendInput): object[] {
  if (onsetMs === null) return []
  return [
    {
      xAxis: onsetMs,
      lineStyle: { color: INK, width: 1.4, type: 'solid' },
      label: { position: 'end', formatter: `${words.onset} ${formatClock(onsetMs)}`, color: INK, fontSize: 11, fontWeight: 600 },
    },
  ]
}

function axisClock(time: number, { fromMs, toMs }: TrendInput): string {
  const clock = formatClock(time)
  return toMs - fromMs > 10 * 60_000 ? clock.slice(0, 5) : clock
}

interface TooltipItem {
  value: Point
  seriesName: string
}

function tooltip(items: unknown, { nowMs, unit, words }: TrendInput): string {
  const points = (Array.isArray(items) ? items : [items]) as TooltipItem[]
  const shown = points.filter((item) => item.value[1] !== null)
  const first = shown[0]
  if (first === undefined) return ''
  const seen = new Set<string>()
  const lines = shown
    .map((item) => `${formatNumber(item.value[1])} ${unit}   ${words.quality(item.value[2])}`)
    .filter((text) => !seen.has(text) && seen.add(text))
  return [formatTime(first.value[0], nowMs), ...lines].join('\n')
}
