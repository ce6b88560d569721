//! "Did you mean …?"

/// Longer words are made, not typed; comparing takes the product of both lengths.
const LONGEST: usize = 64;

/// Enough for any real file; a made one could ask for millions of comparisons.
const MOST: usize = 500;

/// Returns the candidate that `word` is most likely a misspelling of.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below this, `image` is offered for `game`; with more, `comand` loses `command`.
    const ENOUGH: f64 = 0.75;
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            likeness(*distance, word, candidate) >= ENOUGH || *distance <= 1
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns a help text that offers the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[expect(clippy::cast_precision_loss, reason = "words are short")]
fn likeness(distance: usize, word: &str, candidate: &str) -> f64 {
    let longest = word.chars().count().max(candidate.chars().count()).max(1);
    1.0 - distance as f64 / longest as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["image", "environment", "ports", "command", "depends_on"];

    #[test]
    fn misspellings_find_their_word() {
        for (word, expected) in [
            ("imgae", "image"),
            ("enviroment", "environment"),
            ("port", "ports"),
            ("comand", "command"),
            ("depend_on", "depends_on"),
            ("Image", "image"),
        ] {
            assert_eq!(nearest(word, KEYS), Some(expected), "{word}");
        }
        assert_eq!(
            did_you_mean("port", KEYS).as_deref(),
            Some("did you mean `ports`?")
        );
    }

    #[test]
    fn other_words_find_nothing() {
        assert_eq!(nearest("replicas", KEYS), None);
        assert_eq!(nearest("", KEYS), None);
        assert_eq!(nearest("x", []), None);
    }
}
