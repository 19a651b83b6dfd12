//! The service that makes one report.

use std::io::{self, Write};

use super::words::{unit_command, unit_word};
use super::{Manager, Programs, Schedule};

/// Writes the service, shut to all that its configuration does not need.
pub fn write_service(schedule: &Schedule, manager: Manager, out: &mut dyn Write) -> io::Result<()> {
    let Schedule { name, needs, .. } = schedule;
    let is_system = manager == Manager::System;
    writeln!(out, "[Unit]\nDescription=Nightly report of {name}")?;
    if is_system && needs.network() {
        writeln!(out, "Wants=network-online.target\nAfter=network-online.target")?;
    }
    writeln!(out, "\n[Service]\nType=oneshot")?;
    if is_system {
        writeln!(out, "User={}", schedule.user)?;
    }
    if let Some(folder) = &schedule.folder {
        writeln!(out, "WorkingDirectory={}", folder.replace('%', "%%"))?;
    }
    if let Some(search) = &schedule.search {
        writeln!(out, "Environment={}", unit_word(&format!("PATH={search}")))?;
    }
    if !schedule.variables.is_empty() {
        writeln!(
            out,
            "# The secrets of who is told. Without the file the report is made, and says who could not be told."
        )?;
        writeln!(out, "EnvironmentFile=-{}", environment_file(schedule, manager))?;
    }
    writeln!(out, "ExecStart={}", unit_command(&schedule.command))?;
    writeln!(
        out,
        "# Status 1 says that there is drift, and the run itself went well. Status 3, an environment that could not be"
    )?;
    writeln!(out, "# read in full, is a failure of this unit.")?;
    writeln!(out, "SuccessExitStatus=1\nTimeoutStartSec=4h\nNice=10\nIOSchedulingClass=idle\nUMask=0077\n")?;
    if needs.programs == Programs::Privileged {
        writeln!(out, "# No NoNewPrivileges: a command of the configuration may have to become another user.")?;
    } else {
        writeln!(out, "NoNewPrivileges=yes")?;
    }
    if is_system {
        write_places(schedule, out)?;
    } else {
        // They would need user namespaces, in which every owner but one is called nobody.
        writeln!(
            out,
            "# What shuts folders off needs the systemd of the machine: see `--as systemd` without `--user`."
        )?;
    }
    if needs.programs > Programs::None {
        return writeln!(
            out,
            "# What else is shut elsewhere stays open: a command of the configuration (`exec`, `sendmail`) may need it."
        );
    }
    if is_system {
        write_kernel(schedule, out)?;
    }
    let families = if needs.network() { "AF_UNIX AF_INET AF_INET6 AF_NETLINK" } else { "AF_UNIX" };
    writeln!(out, "RestrictAddressFamilies={families}")?;
    let rest =
        ["RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute"];
    rest.iter().try_for_each(|key| writeln!(out, "{key}=yes"))?;
    writeln!(out, "SystemCallArchitectures=native\nSystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM")
}

/// Where the variables with secrets are, as a unit calls it; the name is plain.
pub(super) fn environment_file(schedule: &Schedule, manager: Manager) -> String {
    match manager {
        Manager::System => format!("/etc/driftline/{}.env", schedule.name),
        Manager::User => format!("%h/.config/driftline/{}.env", schedule.name),
    }
}

/// What is seen of the file system, and what can be written to.
fn write_places(schedule: &Schedule, out: &mut dyn Write) -> io::Result<()> {
    let needs = schedule.needs;
    writeln!(
        out,
        "# All is there for reading only but the state folder and the folder of the reports, which have to be there."
    )?;
    writeln!(out, "ProtectSystem=strict")?;
    schedule.writable.iter().try_for_each(|folder| writeln!(out, "ReadWritePaths={}", unit_word(folder)))?;
    if needs.spool {
        writeln!(out, "# Where a mail waits.\nReadWritePaths=-/var/spool -/var/mail")?;
    }
    writeln!(out, "ProtectHome={}", if needs.home { "read-only" } else { "yes" })?;
    if needs.temporary {
        writeln!(out, "# No PrivateTmp: something that is read or written lies among temporary files.")?;
        // Connections and what is unpacked for a moment lie there.
        writeln!(out, "ReadWritePaths=/tmp /var/tmp")
    } else {
        writeln!(out, "PrivateTmp=yes")
    }
}

fn write_kernel(schedule: &Schedule, out: &mut dyn Write) -> io::Result<()> {
    if !schedule.needs.network() {
        writeln!(out, "# Every environment is on this machine, and nobody is told elsewhere.\nPrivateNetwork=yes")?;
    }
    let keys = ["PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules"];
    keys.iter().try_for_each(|key| writeln!(out, "{key}=yes"))?;
    writeln!(out, "ProtectKernelTunables=yes\nProtectControlGroups=yes")?;
    if schedule.is_root {
        writeln!(out, "# Enough to read the files of all users, and to leave their access times as they are.")?;
        writeln!(out, "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_FOWNER")
    } else {
        writeln!(out, "CapabilityBoundingSet=")
    }
}
