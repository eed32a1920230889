//! Whether two records of the same name and year of birth may be of one person, by points that anybody can add up. What
//! gives how many stands in `cross.toml`; here is only how two records are compared. It informs, and never decides.

use std::fmt::Write as _;

use crate::model::{Fact, Likeness};

/// From how many points on two records are suspected, and what gives how many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SamePerson {
    /// From so many points on.
    pub threshold: i32,
    /// More records than this of one name and year are not compared with one another; they are told as one.
    pub most: i32,
    /// What gives how many.
    pub points: Points,
}

/// What gives how many points; what speaks against it gives less than none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Points {
    /// The same name and year of birth.
    pub name: i32,
    /// The same day of birth.
    pub birth: i32,
    /// Another day of birth.
    pub other_birth: i32,
    /// The same sex.
    pub sex: i32,
    /// Another sex.
    pub other_sex: i32,
    /// The same commune.
    pub commune: i32,
    /// Another commune.
    pub other_commune: i32,
    /// One of the two has no number, or both have none.
    pub no_number: i32,
    /// Two different numbers.
    pub two_numbers: i32,
}

macro_rules! parts {
    ($($variant:ident $word:literal $vi:literal $en:literal;)*) => {
        /// Something that speaks for or against one person.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Part {
            $(#[doc = $en] $variant,)*
        }

        impl Part {
            /// The fixed word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($vi, $en),)* }
            }
        }
    };
}

parts! {
    Name "name" "cùng họ tên và năm sinh" "the same name and year of birth";
    Birth "birth" "cùng ngày sinh" "the same day of birth";
    OtherBirth "other-birth" "khác ngày sinh" "another day of birth";
    Sex "sex" "cùng giới tính" "the same sex";
    OtherSex "other-sex" "khác giới tính" "another sex";
    Commune "commune" "cùng xã" "the same commune";
    OtherCommune "other-commune" "khác xã" "another commune";
    NoNumber "no-number" "có bên không có số giấy tờ" "one without a number";
    TwoNumbers "two-numbers" "hai số giấy tờ khác nhau" "two different numbers";
}

/// What two records have in common, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// All that counts, with its points.
    pub parts: Vec<(Part, i32)>,
}

impl Score {
    /// Adds them up.
    pub fn sum(&self) -> i32 {
        self.parts.iter().map(|(_, points)| points).sum()
    }

    /// The parts as fixed words: the same for all pairs that are alike in the same way.
    pub fn words(&self) -> String {
        self.parts.iter().map(|(part, _)| part.word()).collect::<Vec<_>>().join(" ")
    }

    /// For people: Vietnamese, then English.
    pub fn told(&self, threshold: i32) -> (String, String) {
        let sum = self.sum();
        let (mut vi, mut en) = (format!("{sum} điểm (từ {threshold})"), format!("{sum} points (from {threshold})"));
        for (nth, (part, points)) in self.parts.iter().enumerate() {
            let (part_vi, part_en) = part.words();
            let sign = if nth == 0 { ": " } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(vi, "{sign}{part_vi} {points:+}");
            let _ = write!(en, "{sign}{part_en} {points:+}");
        }
        (vi, en)
    }
}

/// Whether numbers say that two records are of one person.
pub fn is_numbered_as_one(a: &Fact, b: &Fact) -> bool {
    let numbers = |fact: &Fact| fact.person.clone().into_iter().chain(fact.earlier.clone()).collect::<Vec<_>>();
    let (a, b) = (numbers(a), numbers(b));
    a.iter().any(|number| b.contains(number))
}

impl SamePerson {
    /// What speaks for one person, of two records of one name and year of birth; `None` where a number says that they are
    /// one, where two numbers say that they are not, or where it is too little.
    pub fn between(&self, (a, like_a): (&Fact, &Likeness), (b, like_b): (&Fact, &Likeness)) -> Option<Score> {
        if like_a.alike.is_none() || like_a.alike != like_b.alike || is_numbered_as_one(a, b) {
            return None;
        }
        let points = &self.points;
        let mut parts = vec![(Part::Name, points.name)];
        let birth = agree(like_a.born.as_deref(), like_b.born.as_deref());
        let sex = agree(known(&like_a.sex), known(&like_b.sex));
        let commune =
            if catalogue(like_a) == catalogue(like_b) { agree(known(&like_a.unit), known(&like_b.unit)) } else { None };
        for (agree, same, other) in [
            (birth, (Part::Birth, points.birth), (Part::OtherBirth, points.other_birth)),
            (sex, (Part::Sex, points.sex), (Part::OtherSex, points.other_sex)),
            (commune, (Part::Commune, points.commune), (Part::OtherCommune, points.other_commune)),
        ] {
            parts.extend(agree.map(|agree| if agree { same } else { other }));
        }
        if a.person.is_some() && b.person.is_some() {
            // They say that these are two people; only all else together speaks louder.
            if [birth, sex, commune] != [Some(true); 3] {
                return None;
            }
            parts.push((Part::TwoNumbers, points.two_numbers));
        } else {
            parts.push((Part::NoNumber, points.no_number));
        }
        let score = Score { parts };
        (score.sum() >= self.threshold).then_some(score)
    }
}

fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Codes of two catalogues say nothing of each other.
fn catalogue(like: &Likeness) -> Option<&str> {
    like.unit.split_once('/').map(|(catalogue, _)| catalogue)
}

/// Whether two things agree, where both are known.
fn agree(a: Option<&str>, b: Option<&str>) -> Option<bool> {
    Some(a? == b?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same() -> SamePerson {
        let points = Points {
            name: 30,
            birth: 30,
            other_birth: -40,
            sex: 10,
            other_sex: -40,
            commune: 20,
            other_commune: -10,
            no_number: 10,
            two_numbers: -20,
        };
        SamePerson { threshold: 60, most: 20, points }
    }

    fn record(number: &str, born: &str, sex: &str, unit: &str) -> (Fact, Likeness) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let like = Likeness {
            alike: Some("a".into()),
            born: text(born),
            sex: sex.into(),
            unit: unit.into(),
            ..Likeness::default()
        };
        (Fact { person: text(number), ..Fact::default() }, like)
    }

    fn score(a: &(Fact, Likeness), b: &(Fact, Likeness)) -> Option<i32> {
        let both = [same().between((&a.0, &a.1), (&b.0, &b.1)), same().between((&b.0, &b.1), (&a.0, &a.1))];
        let [one, other] = both.map(|score| score.map(|score| score.sum()));
        assert_eq!(one, other, "whichever comes first");
        one
    }

    #[test]
    fn points_are_added_up_for_what_is_known_of_both() {
        let one = record("1", "d", "1", "2020/1");
        for (number, born, sex, unit, expected) in [
            ("", "d", "1", "2020/1", Some(100)),
            // A year only speaks neither for nor against.
            ("", "", "1", "2020/1", Some(70)),
            ("", "", "1", "2020/2", None),
            ("", "d", "1", "2020/2", Some(70)),
            ("", "x", "1", "2020/1", None),
            ("", "d", "2", "2020/1", None),
            ("", "", "", "2020/1", Some(60)),
            // The same code of another catalogue is another place.
            ("", "", "1", "2025/1", None),
            // Two numbers are two people, unless all else is the same.
            ("2", "d", "1", "2020/1", Some(70)),
            ("2", "", "1", "2020/1", None),
            ("2", "d", "1", "2020/2", None),
            ("2", "d", "", "2020/1", None),
            ("1", "d", "1", "2020/1", None),
        ] {
            assert_eq!(score(&one, &record(number, born, sex, unit)), expected, "{number} {born} {sex} {unit}");
        }
    }

    #[test]
    fn an_earlier_number_says_that_they_are_one() {
        let (one, mut other) = (record("1", "d", "1", "2020/1"), record("2", "d", "1", "2020/1"));
        other.0.earlier = Some("1".into());
        assert_eq!(score(&one, &other), None);
    }

    #[test]
    fn the_reasons_are_told_with_their_points() {
        let (one, other) = (record("1", "d", "1", "2020/1"), record("", "", "1", "2020/1"));
        let found = same().between((&one.0, &one.1), (&other.0, &other.1)).expect("suspected");
        let (vi, en) = found.told(60);
        assert_eq!(
            vi,
            "70 điểm (từ 60): cùng họ tên và năm sinh +30, cùng giới tính +10, cùng xã +20, có bên không có số giấy tờ +10"
        );
        assert!(en.starts_with("70 points (from 60): the same name and year of birth +30"), "{en}");
        assert_eq!(found.words(), "name sex commune no-number");
    }
}
