import { LOCALES, type Locale, locale, say, speak } from "../words/index.ts";
import { switchTheme, theme } from "./theme.ts";

/** Language and colours, on every face. */
export function Switches() {
  return (
    <>
      <select
        class="language"
        aria-label={say("language")}
        value={locale.value}
        onChange={(event) => speak(event.currentTarget.value as Locale)}
      >
        {Object.entries(LOCALES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
      <button type="button" aria-pressed={theme.value === "dark"} onClick={switchTheme}>
        {say("dark")}
      </button>
    </>
  );
}
