//! The registry of everything that can be wrong with a user's files.
//!
//! A diagnostic can only be made with a [`Code`], and a code cannot be without
//! its page: the table below includes it when the crate is built. To add one,
//! add a line to the table and write `pages/<code>.md`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::{Level, did_you_mean};

macro_rules! codes {
    ($($variant:ident = $name:literal $standing:ident $area:ident $title:literal)+) => {
        /// A kind of problem. Its name never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $variant,)+
        }

        impl Code {
            /// All of them, by area.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$variant => &Entry {
                        name: $name,
                        standing: Standing::$standing,
                        area: Area::$area,
                        title: $title,
                        page: include_str!(concat!("pages/", $name, ".md")),
                    },)+
                }
            }
        }
    };
}

codes! {
    YamlSyntax = "yaml-syntax" Fatal Yaml "the file is not valid YAML"
    YamlDuplicateKey = "yaml-duplicate-key" Fatal Yaml "a mapping has the same key twice"
    YamlKey = "yaml-key" Fatal Yaml "a key is no text"
    YamlMergeKey = "yaml-merge-key" Fatal Yaml "`<<` merges something that is no mapping"
    YamlAlias = "yaml-alias" Fatal Yaml "an alias stands inside of what it repeats"
    YamlDocuments = "yaml-documents" Fatal Yaml "the file holds several YAML documents"
    YamlLimit = "yaml-limit" Fatal Yaml "the file is too large or too deep"

    VariableSyntax = "variable-syntax" Fatal Variables "a `$` begins no valid variable"
    VariableRequired = "variable-required" Fatal Variables "a variable with `:?` or `?` is not set"
    VariableUnset = "variable-unset" Warning Variables "a variable is not set and has no default"
    VariableLimit = "variable-limit" Fatal Variables "variables make the file too large"
    EnvFile = "env-file" Fatal Variables "a file of variables cannot be understood"
    EnvFileUnreadable = "env-file-unreadable" Fatal Variables "a file of variables cannot be read"

    UnknownKey = "unknown-key" Error Compose "the specification knows no such key"
    WrongType = "wrong-type" Fatal Compose "a value is of the wrong type"
    WrongValue = "wrong-value" Fatal Compose "a value is none of those that are allowed"
    WrongName = "wrong-name" Fatal Compose "a name holds characters that names cannot have"
    WrongPort = "wrong-port" Fatal Compose "a port cannot be understood"
    WrongMount = "wrong-mount" Fatal Compose "a mount cannot be understood"
    MountType = "mount-type" Warning Compose "a mount is of a type that not every runtime has"
    Contradiction = "contradiction" Fatal Compose "two keys say different things"
    Undefined = "undefined" Fatal Compose "a service names something that the file does not define"
    DependencyCircle = "dependency-circle" Fatal Compose "services wait for each other"
    EmptyService = "empty-service" Fatal Compose "a service has no content"
    NoImage = "no-image" Fatal Compose "a service has neither `image` nor `build`"
    NoServices = "no-services" Fatal Compose "no file has a service"
    NoHealthTest = "no-health-test" Warning Compose "a health check has no test"
    ObsoleteKey = "obsolete-key" Warning Compose "a key has no meaning any more"
    MergeKind = "merge-kind" Fatal Compose "two files give the same key different kinds of values"
    NoFile = "no-file" Fatal Compose "a file that another one names cannot be read"
    RemoteFile = "remote-file" Fatal Compose "`extends` or `include` names a file of another machine"
    ExtendsCircle = "extends-circle" Fatal Compose "services extend each other"
    IncludeCircle = "include-circle" Fatal Compose "files include each other"
    IncludeConflict = "include-conflict" Fatal Compose "an included file defines again what is defined already"

    NoHealthCheck = "no-health-check" Warning Lint "a service that others wait for has no health check"
    WeakDependency = "weak-dependency" Warning Lint "a service waits for a start where it could wait for health"
    FloatingTag = "floating-tag" Warning Lint "an image has no tag, or `latest`"
    MissingLimits = "missing-limits" Warning Lint "a service may take all of the machine's memory"
    PortContested = "port-contested" Warning Lint "several instances would publish the same host port"
    PortTaken = "port-taken" Warning Lint "two services publish the same host port"
    PublicData = "public-data" Warning Lint "a database's port can be reached from everywhere"
    SourceMount = "source-mount" Warning Lint "source code is mounted over what is in the image"
    PlainSecret = "plain-secret" Warning Lint "a secret stands in a Compose file"
    NoVolume = "no-volume" Warning Lint "a stateful service's data is gone with its container"
    ContainerName = "container-name" Warning Lint "several instances would have the same name"
    NoRestart = "no-restart" Warning Lint "a service stays down when it ends"
    MigrateOnStart = "migrate-on-start" Warning Lint "every instance migrates the database when it starts"
    DevelopmentServer = "development-server" Warning Lint "a service runs a server made for development"
    Privileged = "privileged" Warning Lint "a service is root on the host"
    HostNamespace = "host-namespace" Warning Lint "a service shares a namespace with the host"
    DockerSocket = "docker-socket" Warning Lint "a service can command the container engine"
    ExampleValue = "example-value" Warning Lint "a secret still has the value of an example"
    DefaultPassword = "default-password" Warning Lint "a password is one that everybody tries first"
    WeakSecret = "weak-secret" Warning Lint "a secret is short enough to be guessed"
    CommittedSecret = "committed-secret" Warning Lint "a file of variables with a secret is in the repository"
    DebugMode = "debug-mode" Warning Lint "a service shows its insides to visitors"
    WildcardHosts = "wildcard-hosts" Warning Lint "a service answers to any host name"
    InsecureTransport = "insecure-transport" Warning Lint "cookies or pages may travel without encryption"
    UnusedDefinition = "unused-definition" Warning Lint "a volume, network, secret or config is used by no service"

    FileUnreadable = "file-unreadable" Fatal Shipway "a file that shipway.yml names cannot be read"
    Config = "config" Fatal Shipway "shipway.yml is not valid"
    UnknownService = "unknown-service" Warning Shipway "shipway.yml names a service that no environment has"
    AcmeUnreachable = "acme-unreachable" Warning Shipway "a certificate is to be issued for what no authority gets to"
    MissingSecret = "missing-secret" Error Shipway "a secret that a service reads is not set"
    RequiredVariable = "required-variable" Fatal Shipway "a variable that an environment requires is not set"
    Workload = "workload" Fatal Shipway "shipway.yml and the Compose files do not fit together"
}

/// A part of what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// YAML itself.
    Yaml,
    /// Variables and the files that set them.
    Variables,
    /// The Compose specification.
    Compose,
    /// What is valid, and bites in production.
    Lint,
    /// `shipway.yml`.
    Shipway,
}

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no diagnostic `{text}`")]
pub struct UnknownCode {
    text: String,
}

/// What is known of a code.
struct Entry {
    name: &'static str,
    standing: Standing,
    area: Area,
    title: &'static str,
    page: &'static str,
}

/// How serious a problem is where nobody says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The file cannot be used, whatever anybody says.
    Fatal,
    /// An error that a user may lower.
    Error,
    /// A warning.
    Warning,
}

// === impl Code ===

impl Code {
    /// Returns the name, such as `unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }

    /// Returns what it is about, in one line.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// Returns what it belongs to.
    #[must_use]
    pub fn area(self) -> Area {
        self.entry().area
    }

    /// Returns the page that explains it, in Markdown.
    #[must_use]
    pub fn page(self) -> &'static str {
        self.entry().page
    }

    /// Returns how serious it is where nobody says otherwise.
    #[must_use]
    pub fn default_level(self) -> Level {
        match self.entry().standing {
            Standing::Fatal | Standing::Error => Level::Error,
            Standing::Warning => Level::Warning,
        }
    }

    /// Returns whether the line that it is about may hold a secret, and is not to be shown.
    #[must_use]
    pub fn hides_line(self) -> bool {
        matches!(
            self,
            Self::PlainSecret
                | Self::ExampleValue
                | Self::DefaultPassword
                | Self::WeakSecret
                | Self::CommittedSecret
        )
    }

    /// Returns whether the file cannot be used, whatever its level is said to be.
    #[must_use]
    pub fn is_fatal(self) -> bool {
        self.entry().standing == Standing::Fatal
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|code| code.as_str() == text);
        found.copied().ok_or_else(|| UnknownCode {
            text: text.to_owned(),
        })
    }
}

// === impl Area ===

impl Area {
    /// All of them, in the order of the registry.
    pub const ALL: [Self; 5] = [
        Self::Yaml,
        Self::Variables,
        Self::Compose,
        Self::Lint,
        Self::Shipway,
    ];

    /// Returns the area's name, which is a heading as well.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Variables => "Variables",
            Self::Compose => "Compose files",
            Self::Lint => "What bites in production",
            Self::Shipway => "shipway.yml",
        }
    }
}

// === impl UnknownCode ===

impl UnknownCode {
    /// Returns the way out.
    #[must_use]
    pub fn help(&self) -> String {
        did_you_mean(&self.text, Code::ALL.iter().map(|code| code.as_str()))
            .unwrap_or_else(|| "`shipway explain` lists them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_words_with_hyphens_and_unique() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let name = code.as_str();
            assert!(
                name.split('-')
                    .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase())),
                "{name}"
            );
            assert!(seen.insert(name), "{name} is there twice");
            assert_eq!(name.parse(), Ok(*code));
        }
    }

    #[test]
    fn titles_are_one_short_line_in_lower_case() {
        for code in Code::ALL {
            let title = code.title();
            assert!(title.len() <= 72 && !title.ends_with('.'), "{title}");
            assert!(
                !title.starts_with(char::is_uppercase) || title.starts_with("Shipway"),
                "{title}"
            );
        }
    }

    #[test]
    fn every_page_has_a_heading_a_bad_example_and_a_good_one() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {code}\n\n")), "{code}");
            let (reason, examples) = page.split_once("\n## Bad\n\n```").unwrap();
            assert!(reason.len() > 100, "{code} says too little");
            assert!(examples.contains("\n## Good\n\n```"), "{code}");
            assert_eq!(page.matches("```").count() % 2, 0, "{code}");
        }
    }

    #[test]
    fn a_misspelt_code_is_told_the_right_one() {
        let error = "unknown-keys".parse::<Code>().unwrap_err();
        assert_eq!(error.to_string(), "there is no diagnostic `unknown-keys`");
        assert_eq!(error.help(), "did you mean `unknown-key`?");
        assert_eq!(
            "x".parse::<Code>().unwrap_err().help(),
            "`shipway explain` lists them"
        );
    }

    #[test]
    fn what_makes_a_file_unusable_is_an_error() {
        for code in Code::ALL.iter().filter(|code| code.is_fatal()) {
            assert_eq!(code.default_level(), Level::Error, "{code}");
        }
        assert!(!Code::UnknownKey.is_fatal());
    }
}
