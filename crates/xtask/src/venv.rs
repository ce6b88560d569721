//! A Python virtual environment that is made once for the same requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program::{output, run};

/// Written last, and holds what the environment was made from: without it, or with another
/// content, it is made anew.
const RECORD: &str = "made-from";

/// The interpreters that the storefront supports start here.
const OLDEST: &str = "3.11";

/// A virtual environment with everything that the requirements name.
#[derive(Debug)]
pub(crate) struct Venv {
    directory: PathBuf,
}

// === impl Venv ===

impl Venv {
    /// Makes the environment unless it is there. `requirements` are files in `project`; the first
    /// is installed and includes the others.
    pub(crate) fn prepare(directory: &Path, project: &Path, requirements: &[&str]) -> Result<Self> {
        let venv = Self {
            directory: directory.to_owned(),
        };
        let wanted = description(&interpreter()?, project, requirements)?;
        let record = directory.join(RECORD);
        if fs::read_to_string(&record).is_ok_and(|made_from| made_from == wanted) {
            println!("Python packages are installed already");
            return Ok(venv);
        }
        if directory.exists() {
            fs::remove_dir_all(directory).context("cannot remove the old Python environment")?;
        }
        let [first, ..] = requirements else {
            bail!("no requirements are named");
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(directory))
            .context("cannot make a Python environment; Debian has `venv` in python3-venv")?;
        run(Command::new(venv.program("python"))
            .current_dir(project)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["-r", first]))
        .context("cannot install the Python packages")?;
        fs::write(&record, wanted).context("cannot record the Python environment")?;
        Ok(venv)
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }
}

/// What `python3` is, checked to be new enough and to have what `venv` needs.
fn interpreter() -> Result<String> {
    // Debian's python3 has `venv` but not `ensurepip`, which comes with python3-venv.
    let code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2]); \
                print(sys.version, sys.base_prefix)";
    let Some(text) = output(Command::new("python3").args(["-c", code])) else {
        bail!(
            "Python {OLDEST} or newer with `venv` is needed; \
             on Debian and Ubuntu: apt-get install python3 python3-venv"
        );
    };
    let version = text.lines().next().unwrap_or_default();
    if numbers(version) < numbers(OLDEST) {
        bail!("Python {OLDEST} or newer is needed, `python3` is {version}");
    }
    Ok(text)
}

fn numbers(version: &str) -> Vec<u32> {
    version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

fn description(interpreter: &str, project: &Path, requirements: &[&str]) -> Result<String> {
    let mut text = format!("{interpreter}\n");
    for name in requirements {
        let path = project.join(name);
        let content = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        text.push_str(&format!("--- {name}\n{content}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("3.9") < numbers(OLDEST));
        assert!(numbers("3.11") >= numbers(OLDEST));
        assert!(numbers("3.14") >= numbers(OLDEST));
    }
}
