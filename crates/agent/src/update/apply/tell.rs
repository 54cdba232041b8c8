use std::fs::File;

use tegata_wire::update::Form;

use super::{Applied, compare};
use crate::update::{Fetched, UpdateError};

/// A package that only an administrator can install: the package manager owns the program, and
/// looks after its files better than we could.
pub(super) fn administrator(fetched: &Fetched) -> Result<Applied, UpdateError> {
    let mut file = File::open(&fetched.path).map_err(UpdateError::disk(&fetched.path))?;
    compare(&mut file, fetched)?;
    let path = quoted(&fetched.path.display().to_string());
    let command = match fetched.package.form {
        Form::Deb if fetched.is_downgrade => {
            format!("sudo apt install --allow-downgrades {path}")
        }
        Form::Deb => format!("sudo apt install {path}"),
        Form::Rpm if fetched.is_downgrade => format!("sudo dnf downgrade {path}"),
        Form::Rpm => format!("sudo dnf install {path}"),
        _ => format!("open {path}"),
    };
    Ok(Applied::Tell { command, version: fetched.package.version })
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        assert_eq!(quoted("/home/taro/a_1.deb"), "/home/taro/a_1.deb");
        assert_eq!(quoted("/home/ta ro's/a.deb"), r"'/home/ta ro'\''s/a.deb'");
    }
}
