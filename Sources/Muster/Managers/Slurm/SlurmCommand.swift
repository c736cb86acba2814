enum SlurmCommand {
  static func output(_ name: String, _ arguments: [String], within limit: Duration) async -> String? { nil }
}
