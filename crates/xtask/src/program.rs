//! Runs programs: says what, gives them no input, and fails when they do.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What cargo tells the programs that it runs about their package.
const OF_A_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// The cargo that runs this program.
///
/// It is not told of our own package: build scripts that look at these variables, as `ring`'s
/// does, would run again whenever cargo is called by us after it was called by hand, and the
/// reverse, and everything that depends on them would be built again.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let is_of_a_package = |text: &str| OF_A_PACKAGE.iter().any(|one| text.starts_with(one));
        if name.to_str().is_some_and(is_of_a_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end, with its output where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = render(command);
    println!("$ {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// What a command prints, or `None` where it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The command as one would type it, with the program's name in place of its path.
pub(crate) fn render(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_end() {
        let error = run(Command::new("/bin/sh").args(["-c", "exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`sh -c exit 3` ended with"), "{text}");
        assert!(text.contains('3'), "{text}");
    }

    #[test]
    fn cargo_is_not_told_of_our_own_package() {
        let command = cargo(Path::new("/"));
        let is_removed = |name: &str| {
            let mut variables = command.get_envs();
            variables.any(|(known, value)| known == name && value.is_none())
        };
        assert!(is_removed("CARGO_MANIFEST_DIR") && is_removed("CARGO_PKG_NAME"));
        assert!(!is_removed("CARGO_HOME") && !is_removed("CARGO_TARGET_DIR"));
    }

    #[test]
    fn a_missing_program_is_no_output() {
        assert_eq!(output(&mut Command::new("/nowhere/at/all")), None);
        assert_eq!(
            output(Command::new("/bin/echo").arg("yes")),
            Some("yes".to_owned())
        );
    }
}
