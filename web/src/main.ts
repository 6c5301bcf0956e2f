/** Starts the page: language, routing, the live stream, acknowledgements and sound, then the view. */
import { createApp } from 'vue'
import App from './App.vue'
import { language, setLanguage } from './i18n'
import { startAcknowledgements } from './stores/acknowledgements'
import { startLive } from './stores/live'
import { startRouting } from './stores/route'
import { startSound } from './stores/sound'
import './styles/tokens.css'
import './styles/base.css'

setLanguage(language.value)
startRouting()
void startLive()
startAcknowledgements()
startSound()
createApp(App).mount('#app')
