//! The source of an MSI package for wixl.
//!
//! In ASCII throughout: wixl leaves the code page at "neutral", where a Japanese name comes out
//! empty. Each `tegata-…` name is a place that [`super::msi`] fills afterwards, together with what
//! wixl has no word for. Each stands once: filling one would empty another of the same name.

use std::fmt::Write;

use uuid::Uuid;

use super::guid::{braced, guid};
use super::msi::Scope;
use super::scheme::{CLEAR, CLEAR_KEYS, RENEW, SCHEME};

/// Place of the product's name.
pub(super) const PRODUCT: &str = "tegata-product";
/// Place of the name that browsers show when they ask whether to start it.
pub(super) const CALLED: &str = "tegata-called";
/// Place of the organisation's name.
pub(super) const MAKER: &str = "tegata-maker";
/// Place of the shortcut's name.
pub(super) const SHORTCUT: &str = "tegata-shortcut";
/// Place of what is said when a newer version is there.
pub(super) const NEWER: &str = "tegata-newer";

/// The executable, beside the source and once installed.
pub(super) const PROGRAM: &str = "tegata-app.exe";
/// The brand, beside the source and once installed.
pub(super) const BRAND: &str = "brand.json";
/// The icon, beside the source.
pub(super) const ICON: &str = "tegata.ico";

/// The component of files and menu entry.
const APPLICATION: &str = "Application";
/// The component of the URL scheme.
const SCHEME_HANDLER: &str = "SchemeHandler";
/// The component of the start at login, whose condition is filled in afterwards.
pub(super) const AT_LOGIN: &str = "AtLogin";
/// The action that removes all but the certificates and what they need.
const TIDY: &str = "Tidy";
/// The action that removes the keys as well.
const REMOVE_KEYS: &str = "RemoveKeys";
/// Both: each runs an installed program, just before it goes.
pub(super) const AT_THE_END: [&str; 2] = [TIDY, REMOVE_KEYS];

/// What an MSI package is made of.
pub(super) struct Source<'a> {
    pub(super) issuer: &'a str,
    pub(super) version: String,
    pub(super) scope: Scope,
    pub(super) is_64_bit: bool,
}

impl Source<'_> {
    /// The same for all versions and forms: by it an upgrade finds what it replaces, among what
    /// is installed for the same people.
    fn upgrade_code(&self) -> Uuid {
        guid(&[b"upgrade", self.issuer.as_bytes()])
    }

    /// One for each version: two files of one version are the same product, of which Windows
    /// refuses the second.
    pub(super) fn product_code(&self) -> Uuid {
        let bits = if self.is_64_bit { "x64" } else { "x86" };
        guid(&[
            b"product",
            self.issuer.as_bytes(),
            self.scope.name().as_bytes(),
            bits.as_bytes(),
            self.version.as_bytes(),
        ])
    }

    /// A component stands for a place; the two kinds of Windows have two.
    fn component(&self, name: &str) -> Uuid {
        let place = format!("component {name} {}", self.is_64_bit);
        guid(&[place.as_bytes(), self.issuer.as_bytes(), self.scope.name().as_bytes()])
    }

    /// The component of a place that all services' applications on a PC have in common: it goes
    /// with the last of them.
    fn shared(&self, name: &str) -> Uuid {
        let place = format!("shared component {name} {}", self.is_64_bit);
        guid(&[place.as_bytes(), self.scope.name().as_bytes()])
    }

    /// The text of the `.wxs` file.
    pub(super) fn text(&self) -> String {
        let (win64, bits) = if self.is_64_bit { ("yes", "64") } else { ("no", "") };
        let (package_scope, base) = match self.scope {
            Scope::Machine => ("perMachine", format!("ProgramFiles{bits}Folder")),
            Scope::Person => ("perUser", "LocalAppDataFolder".to_owned()),
        };
        // What a user installs for themselves goes where Windows wants it (FOLDERID_UserProgramFiles).
        // There it also puts the package for everyone when it is run for one user only
        // (ALLUSERS=2 MSIINSTALLPERUSER=1), as an update may.
        let (open, close) = match self.scope {
            Scope::Machine => ("", ""),
            Scope::Person => ("<Directory Id=\"ProgramsDir\" Name=\"Programs\">", "</Directory>"),
        };
        let run = "Software\\Microsoft\\Windows\\CurrentVersion\\Run";
        let value = format!("Tegata {}", self.issuer);
        let mut wxs = String::new();
        let _ = write!(
            wxs,
            r#"<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="{product}" Name="{PRODUCT}" Manufacturer="{MAKER}" Language="1041" Version="{version}" UpgradeCode="{upgrade}">
<Package InstallerVersion="500" Compressed="yes" InstallScope="{package_scope}"/>
<MajorUpgrade DowngradeErrorMessage="{NEWER}"/>
<Media Id="1" Cabinet="tegata.cab" EmbedCab="yes"/>
<Icon Id="{ICON}" SourceFile="{ICON}"/>
<Property Id="ARPPRODUCTICON" Value="{ICON}"/>
<Property Id="ARPNOMODIFY" Value="1"/>
<Property Id="WASATLOGIN">
<RegistrySearch Id="AtOwnLogin" Root="HKCU" Key="{run}" Name="{value}" Type="raw" Win64="{win64}"/>
<RegistrySearch Id="AtEveryLogin" Root="HKLM" Key="{run}" Name="{value}" Type="raw" Win64="{win64}"/>
</Property>
<Directory Id="TARGETDIR" Name="SourceDir">
<Directory Id="{base}">{open}
<Directory Id="INSTALLDIR" Name="Tegata {issuer}">
<Component Id="{APPLICATION}" Guid="{application}" Win64="{win64}">
<File Id="tegata_app.exe" Name="{PROGRAM}" Source="{PROGRAM}" KeyPath="yes"/>
<File Id="brand.json" Name="{BRAND}" Source="{BRAND}"/>
<Shortcut Id="StartMenu" Directory="ProgramMenuFolder" Name="{SHORTCUT}" Target="[INSTALLDIR]{PROGRAM}" WorkingDirectory="INSTALLDIR" Icon="{ICON}"/>
</Component>
<Component Id="{SCHEME_HANDLER}" Guid="{scheme_handler}" Win64="{win64}">
<RegistryValue Root="HKMU" Key="Software\Classes\{SCHEME}" Type="string" Value="URL:Tegata"/>
<RegistryValue Root="HKMU" Key="Software\Classes\{SCHEME}" Name="URL Protocol" Type="string" Value=""/>
<RegistryValue Root="HKMU" Key="Software\Classes\{SCHEME}\Application" Name="ApplicationName" Type="string" Value="{CALLED}"/>
<RegistryValue Root="HKMU" Key="Software\Classes\{SCHEME}\shell\open\command" Type="string" Value="&quot;[INSTALLDIR]{PROGRAM}&quot; &quot;%1&quot;" KeyPath="yes"/>
</Component>
<Component Id="{AT_LOGIN}" Guid="{at_login}" Win64="{win64}">
<RegistryValue Root="HKMU" Key="{run}" Name="{value}" Type="string" Value="&quot;[INSTALLDIR]{PROGRAM}&quot; {RENEW}" KeyPath="yes"/>
</Component>
</Directory>
{close}</Directory>
<Directory Id="ProgramMenuFolder"/>
</Directory>
<Feature Id="Everything" Level="1">
<ComponentRef Id="{APPLICATION}"/>
<ComponentRef Id="{SCHEME_HANDLER}"/>
<ComponentRef Id="{AT_LOGIN}"/>
</Feature>
<CustomAction Id="{TIDY}" FileKey="tegata_app.exe" ExeCommand="{CLEAR}" Return="ignore" Execute="immediate"/>
<CustomAction Id="{REMOVE_KEYS}" FileKey="tegata_app.exe" ExeCommand="{CLEAR_KEYS}" Return="ignore" Execute="immediate"/>
<InstallExecuteSequence>
<Custom Action="{TIDY}" Before="{REMOVE_KEYS}">REMOVEKEYS &lt;&gt; "1" AND REMOVE = "ALL" AND NOT UPGRADINGPRODUCTCODE</Custom>
<Custom Action="{REMOVE_KEYS}" Before="InstallInitialize">REMOVEKEYS = "1" AND REMOVE = "ALL" AND NOT UPGRADINGPRODUCTCODE</Custom>
</InstallExecuteSequence>
</Product>
</Wix>
"#,
            product = braced(self.product_code()),
            upgrade = braced(self.upgrade_code()),
            version = self.version,
            issuer = self.issuer,
            application = braced(self.component(APPLICATION)),
            scheme_handler = braced(self.shared(SCHEME_HANDLER)),
            at_login = braced(self.component(AT_LOGIN)),
        );
        wxs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(
        issuer: &'static str,
        version: &str,
        scope: Scope,
        is_64_bit: bool,
    ) -> Source<'static> {
        Source { issuer, version: version.to_owned(), scope, is_64_bit }
    }

    #[test]
    fn versions_of_one_service_are_one_line_and_nothing_else_is() {
        use Scope::{Machine, Person};
        let one = source("A", "1.0.0", Machine, true);
        let same = [source("A", "1.1.0", Machine, true), source("A", "1.0.0", Machine, false)];
        let (other, own) =
            (source("B", "1.0.0", Machine, true), source("A", "1.0.0", Person, true));
        for same in same.iter().chain([&own]) {
            assert_eq!(same.upgrade_code(), one.upgrade_code());
            assert_ne!(same.product_code(), one.product_code());
        }
        assert_ne!(other.upgrade_code(), one.upgrade_code());
        for other in [&other, &own] {
            assert_ne!(other.product_code(), one.product_code());
            assert_ne!(other.component(APPLICATION), one.component(APPLICATION));
        }
        assert_eq!(same[0].component(APPLICATION), one.component(APPLICATION));
        assert_ne!(same[1].component(APPLICATION), one.component(APPLICATION));
    }

    #[test]
    fn the_source_is_ascii() {
        assert!(source("A", "1.0.0", Scope::Person, false).text().is_ascii());
    }
}
