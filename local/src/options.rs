//! The command line.

use std::path::PathBuf;

use domain::Channel;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Port on loopback.
    pub port: u16,
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// Channels whose messages really leave the machine.
    pub live: Vec<Channel>,
}

/// What `--help` prints.
pub const HELP: &str = "\
switchboard: the whole system on this machine

  cargo run -- [--port N] [--data DIR] [--live CHANNEL]...

  --port N       port on 127.0.0.1 (default 4000)
  --data DIR     folder for the table, keys and outbox (default .data)
  --live CHANNEL messages of that channel (email, sms, telegram, ...) really leave this machine; without it nothing does
";

impl Default for Options {
    fn default() -> Self {
        Self { port: 4000, data: PathBuf::from(".data"), live: Vec::new() }
    }
}

impl Options {
    /// Reads the arguments. `Ok(None)`: help was asked for. An error is one sentence.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value."));
            match argument.as_str() {
                "--port" => {
                    let text = value()?;
                    options.port = text.parse().map_err(|_| format!("{text} is not a port between 0 and 65535."))?;
                }
                "--data" => options.data = PathBuf::from(value()?),
                "--live" => {
                    let word = value()?;
                    let words = || Channel::ALL.map(Channel::as_str).join(", ");
                    options
                        .live
                        .push(Channel::parse(&word).ok_or_else(|| format!("{word} is not a channel; those are {}.", words()))?);
                }
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("{other} is not an option; see --help.")),
            }
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Option<Options>, String> {
        Options::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_are_read_and_mistakes_are_one_sentence() {
        assert_eq!(parse(&[]), Ok(Some(Options::default())));
        let all = parse(&["--port", "0", "--data", "/tmp/x", "--live", "email", "--live", "sms"]).unwrap().unwrap();
        assert_eq!((all.port, all.live), (0, vec![Channel::Email, Channel::Sms]));
        assert_eq!(parse(&["--help"]), Ok(None));
        for wrong in [&["--port"][..], &["--port", "x"], &["--live", "fax"], &["--frob"]] {
            let sentence = parse(wrong).unwrap_err();
            assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        }
    }
}
