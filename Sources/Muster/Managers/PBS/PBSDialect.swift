/// Which PBS answers: the commands have the same names everywhere, but not the same options.
enum PBSDialect: String, Sendable, Hashable {
  /// OpenPBS and PBS Pro.
  case openPBS = "OpenPBS"
  /// Torque, and Slurm's imitation of its commands.
  case torque = "Torque"

  /// What `qsub --version` answers: `pbs_version = 23.06.06` from OpenPBS, `Version: 6.1.3` from Torque; Slurm's `qsub`
  /// does not know the option and shows its usage.
  init?(versionAnswer: String) {
    if versionAnswer.contains("pbs_version") {
      self = .openPBS
    } else if versionAnswer.contains("Version:") || versionAnswer.contains("Usage:") {
      self = .torque
    } else {
      return nil
    }
  }
}
