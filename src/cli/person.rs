//! Who somebody is, as the machine knows them: by the name with which they log in, which staff can read; by the number
//! where the machine has no name for it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};

use crate::store::verdicts::AUTHORITY;

/// Where the machine keeps its users; one that asks a directory for them has numbers here.
const USERS: &str = "/etc/passwd";
/// So much of it is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The kernel's word for a process that nobody logged in for.
const NOBODY: &str = "4294967295";

/// Who is at the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// As it is written down: `lan`, or `lan (as root)` where the session became somebody else.
    pub acts: String,
    /// The person alone: into these hands something is given.
    pub name: String,
    /// What was written of them before names were known.
    pub also: Vec<String>,
}

impl Person {
    /// The login that the session began with, which `sudo` does not change, and the user that this process runs as.
    pub fn here() -> Self {
        let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let uid = status.lines().find_map(|l| l.strip_prefix("Uid:")?.split_whitespace().next()).unwrap_or("?");
        Self::of(login.trim(), uid, &Users::here())
    }

    fn of(login: &str, uid: &str, users: &Users) -> Self {
        let login = if matches!(login, "" | NOBODY) { uid } else { login };
        let name = users.name(login);
        let as_other = |other: &str| if login == uid { String::new() } else { format!(" (as {other})") };
        let acts = format!("{name}{}", as_other(&users.name(uid)));
        Self { acts, name, also: vec![format!("uid {login}"), format!("uid {login}{}", as_other(uid))] }
    }

    /// All that may stand beside what they have in hand.
    pub fn names(self) -> std::collections::BTreeSet<String> {
        [self.acts, self.name].into_iter().chain(self.also).collect()
    }
}

/// The users of this machine: name and number.
pub(super) struct Users(Vec<(String, String)>);

impl Users {
    pub fn here() -> Self {
        File::open(USERS).map_or_else(|_| Self(Vec::new()), |file| Self::read(BufReader::new(file.take(MAX_BYTES))))
    }

    fn read(lines: impl BufRead) -> Self {
        let user = |line: Vec<u8>| {
            let line = String::from_utf8(line).ok()?;
            let mut parts = line.split(':');
            let (name, uid) = (parts.next()?.to_owned(), parts.nth(1)?.to_owned());
            // What the file of rights decides is written down under this word, and is nobody's decision.
            let known = !name.is_empty() && name != AUTHORITY && uid.parse::<u32>().is_ok();
            known.then_some((name, uid))
        };
        Self(lines.split(b'\n').map_while(Result::ok).filter_map(user).collect())
    }

    /// The name of a number; the first, where several have it.
    fn name(&self, uid: &str) -> String {
        let found = self.0.iter().find(|(_, known)| known == uid);
        found.map_or_else(|| format!("uid {uid}"), |(name, _)| name.clone())
    }

    /// Who is meant by a name, or by `uid N`: as they are written down when they act. `None`: nobody of this machine.
    pub fn meant(&self, text: &str) -> Option<String> {
        let uid = text.strip_prefix("uid ").unwrap_or(text);
        self.0.iter().find(|(name, known)| name == text || known == uid).map(|(_, uid)| self.name(uid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        let file = "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n# lan\n+::::::\n\
            authority:x:7:7::/:/bin/sh\nlan:x:1001:1001:Lan:/home/lan:/bin/sh\nbroken:x";
        Users::read(file.as_bytes())
    }

    #[test]
    fn who_acts_is_the_name_of_the_login() {
        let of = |login: &str, uid: &str| Person::of(login, uid, &users());
        assert_eq!((of("1001", "1001").acts.as_str(), of("1001", "1001").name.as_str()), ("lan", "lan"));
        let became = of("1001", "0");
        assert_eq!((became.acts.as_str(), became.name.as_str()), ("lan (as root)", "lan"));
        assert_eq!(became.also, ["uid 1001", "uid 1001 (as 0)"]);
        assert_eq!(of(NOBODY, "0").acts, "root");
        assert_eq!(of("", "4242").acts, "uid 4242");
        assert_eq!(of("1001", "4242").acts, "lan (as uid 4242)");
        assert_eq!(of("7", "7").acts, "uid 7", "nobody acts as the file of rights");
    }

    #[test]
    fn whoever_is_named_is_who_they_are_when_they_act() {
        let users = users();
        for (text, meant) in [
            ("lan", Some("lan")),
            ("1001", Some("lan")),
            ("uid 1001", Some("lan")),
            ("toor", Some("root")),
            ("lann", None),
            ("uid 4242", None),
            ("", None),
        ] {
            assert_eq!(users.meant(text).as_deref(), meant, "{text}");
        }
    }
}
