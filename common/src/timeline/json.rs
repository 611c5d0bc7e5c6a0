//! A timeline as JSON, complete: nothing is folded or coalesced.
//!
//! Times are in milliseconds, to the microsecond.
//!
//! ```
//! use std::time::Duration;
//!
//! use common::timeline::{Bar, Lane, Line, Mark, MarkAt, State, Timeline, json};
//!
//! let ms = Duration::from_millis;
//! let waiting = Bar { state: State::Waiting, what: "for the answer".into(), start: ms(0), end: ms(300) };
//! let done = MarkAt { mark: Mark::Done, text: String::new(), at: ms(300) };
//! let lane = Lane {
//!     name: "weather".into(),
//!     start: ms(0),
//!     end: Some(ms(300)),
//!     bars: vec![waiting],
//!     levels: vec![],
//!     marks: vec![done],
//! };
//! let line = Line { at: ms(300), lane: Some("weather".into()), text: "200 OK".into() };
//! let timeline = Timeline { length: ms(300), lanes: vec![lane], lines: vec![line] };
//!
//! let expected = r#"{
//!   "length": 300.0,
//!   "lanes": [
//!     {
//!       "name": "weather",
//!       "start": 0.0,
//!       "end": 300.0,
//!       "bars": [
//!         {
//!           "state": "waiting",
//!           "what": "for the answer",
//!           "start": 0.0,
//!           "end": 300.0
//!         }
//!       ],
//!       "marks": [
//!         {
//!           "mark": "done",
//!           "text": "",
//!           "at": 300.0
//!         }
//!       ]
//!     }
//!   ],
//!   "lines": [
//!     {
//!       "at": 300.0,
//!       "lane": "weather",
//!       "text": "200 OK"
//!     }
//!   ]
//! }
//! "#;
//! assert_eq!(json::draw(&timeline), expected);
//! assert_eq!(json::read(expected).unwrap(), timeline);
//! ```
//!
//! A lane that counts something has its `levels`, such as `{ "level": 3, "at": 20.0 }`, after its
//! bars. The `end` of a lane that is still running, and the `lane` of a line that was said outside of
//! every lane, are `null`.

use super::Timeline;

/// Writes the timeline as JSON, with a line break at the end.
///
/// # Panics
/// Never: text and finite numbers always have a form in JSON.
pub fn draw(timeline: &Timeline) -> String {
    let json = serde_json::to_string_pretty(timeline);
    json.expect("text and finite numbers always have a form in JSON") + "\n"
}

/// Reads what [`draw`] has written.
///
/// # Errors
/// When it is not the JSON of a timeline.
pub fn read(json: &str) -> serde_json::Result<Timeline> {
    serde_json::from_str(json)
}

pub(super) mod milliseconds {
    use std::time::Duration;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_f64(crate::timeline::milliseconds(*time))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Duration, D::Error> {
        let milliseconds = f64::deserialize(from)?;
        if milliseconds < 0.0 {
            return Err(D::Error::custom("a time before the start"));
        }
        Ok(Duration::from_micros((milliseconds * 1000.0).round() as u64))
    }
}

pub(super) mod milliseconds_or_null {
    use std::time::Duration;

    use serde::de::{Deserialize, Deserializer};
    use serde::ser::Serializer;

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::milliseconds::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    #[derive(serde::Deserialize)]
    struct Time(#[serde(with = "super::milliseconds")] Duration);

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Time>::deserialize(from)?.map(|Time(time)| time))
    }
}
