//! The sandbox's git repository.

use crate::application::Behaviour;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Commits everything.
    pub fn commit(&self, subject: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", subject]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits a release of the application that differs from all before, and behaves so.
    pub fn release(&self, behaviour: Behaviour) -> String {
        self.releases.set(self.releases.get() + 1);
        let number = self.releases.get();
        self.write("behaviour", &format!("{behaviour}\n"));
        self.write("version", &format!("{number}\n"));
        self.commit(&format!("release {number}: {behaviour}"))
    }

    /// Runs git in the repository.
    ///
    /// # Panics
    /// With what git said, when it fails.
    pub fn git(&self, words: &[&str]) -> String {
        let output = self
            .bare_command("git")
            .args(words)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git in the repository; what it told, which for a push is what the hooks of the other
    /// repository told.
    ///
    /// # Panics
    /// With what git said, when it fails.
    pub fn git_told(&self, words: &[&str]) -> String {
        let output = self
            .bare_command("git")
            .args(words)
            .output()
            .expect("git runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {words:?}: {told}");
        told
    }
}
