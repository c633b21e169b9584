//! `%p` and `%h` in names of files.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Replaces `%p` by the process, `%h` by the host and `%%` by a percent sign.
///
/// # Errors
/// Which other letter follows a percent sign.
pub(super) fn expand(name: &OsStr) -> Result<OsString, String> {
    let mut bytes = name.as_bytes().iter();
    let mut result = Vec::new();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            result.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'%') => result.push(b'%'),
            Some(b'p') => result.extend(std::process::id().to_string().into_bytes()),
            Some(b'h') => result.extend(host()),
            _ => {
                let name = std::path::Path::new(name).display();
                return Err(format!("{name}: after % comes p, h or another %"));
            }
        }
    }
    Ok(OsString::from_vec(result))
}

/// The host's name; a slash in it would lead to another folder.
fn host() -> Vec<u8> {
    let name = nix::unistd::gethostname().unwrap_or_default().into_vec();
    name.into_iter().map(|b| if b == b'/' { b'_' } else { b }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_replaced_and_others_refused() {
        let expanded = |name: &str| expand(OsStr::new(name)).map(|n| n.into_string().unwrap());
        let process = std::process::id();
        assert_eq!(expanded("a%%b"), Ok("a%b".into()));
        assert_eq!(expanded("r-%p.json"), Ok(format!("r-{process}.json")));
        assert!(!expanded("%h").unwrap().contains('%'));
        assert!(expanded("%x").is_err() && expanded("50%").is_err());
    }
}
