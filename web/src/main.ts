/** Starts the page: language, routing, the live stream, acknowledgements and sound, then the view. */
import { createApp } from 'vue'
import App from './App.vue'
import { tellPresence } from './api'
import { language, setLanguage } from './i18n'
import { startAcknowledgements } from './stores/acknowledgements'
import { personPresent, startActivity } from './stores/activity'
import { startLive } from './stores/live'
import { startRouting } from './stores/route'
import { startSession } from './stores/session'
import { startSound } from './stores/sound'
import './styles/tokens.css'
import './styles/base.css'

setLanguage(language.value)
startRouting()
startActivity()
tellPresence(personPresent)
void startSession()
void startLive()
startAcknowledgements()
startSound()
createApp(App).mount('#app')
