import ArgumentParser
import Glibc
import Muster

/// Where the arguments of the commands come from, and how they are put in.
struct MapInputOptions: ParsableArguments {
  @Option(
    name: [.customShort("a"), .customLong("arg-file")],
    help: ArgumentHelp("Read the values from this file, - is standard input. May be given again.", valueName: "file"))
  var argFile: [String] = []

  @Option(help: ArgumentHelp("Cut each line at this regular expression: {1}, {2}, …", valueName: "regex"))
  var colsep: String?

  @Flag(name: [.customShort("0"), .long], help: "Values end with a zero byte (find -print0), not with a line.")
  var null = false

  @Flag(name: .shortAndLong, help: "Quote the command, too: its words mean nothing to the shell.")
  var quote = false
}

/// Where the commands run.
struct MapWorkerOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("How many commands a worker runs at once.", valueName: "n"))
  var jobs = 1

  @OptionGroup var place: PlaceOptions

  @Option(
    help: ArgumentHelp("On these hosts, over ssh, separated by commas: n1,me@n2:2222,4*n3.", valueName: "machines"))
  var ssh: [String] = []

  @Option(help: ArgumentHelp("How many cores each worker gets.", valueName: "n"))
  var cores: Int?

  func validate() throws {
    for (name, value) in [("--jobs", jobs), ("--cores", cores)] {
      guard let value, value < 1 else { continue }
      throw ValidationError("\(name) is \(value): it must be at least 1")
    }
    try place.validate(ssh: ssh)
  }

  var workers: MapWorkers {
    MapWorkers(
      choice: place.choice(ssh: ssh.flatMap { $0.split(separator: ",").map(String.init) }), jobsPerWorker: jobs,
      cores: cores, interface: place.interface, ssh: place.sshOptions(AddprocsOptions()))
  }
}

/// How they run.
struct MapRunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Run a command that fails up to n times, on another worker if there is one.", valueName: "n"))
  var retries = 1

  @Option(help: ArgumentHelp("End a command that takes longer: seconds, or 90s, 5m, 1h30m.", valueName: "time"))
  var timeout: TimeLimit?

  @Option(
    help: ArgumentHelp(
      "When to stop: never, or now (kill what runs) or soon (let it end) at fail, success or done = so many, or so many %.",
      valueName: "now,fail=1"))
  var halt: HaltPolicy?

  @Flag(name: [.long, .customLong("dryrun")], help: "Print the commands, and run nothing.")
  var dryRun = false

  @Option(help: ArgumentHelp("Write a line for each finished command, in GNU parallel's columns.", valueName: "file"))
  var joblog: String?

  @Flag(help: "Leave out what the joblog says is done.")
  var resume = false

  @Flag(help: "The same, but run again what has failed.")
  var resumeFailed = false

  @Option(help: ArgumentHelp("The shell of the commands; $SHELL, if it is one of POSIX's kind.", valueName: "path"))
  var shell: String?

  func validate() throws {
    if retries < 1 { throw ValidationError("--retries is \(retries): it must be at least 1") }
  }

  var shellPath: String {
    if let shell { return shell }
    guard let own = WorkerChoice.environment("SHELL"), SimpleCommand.isShell(own) || own.hasSuffix("/zsh"),
      access(own, X_OK) == 0
    else { return "/bin/sh" }
    return own
  }
}

/// What is shown.
struct MapOutputOptions: ParsableArguments {
  @Flag(name: [.customShort("k"), .long], help: "Print the output in the order of the input.")
  var keepOrder = false

  @Flag(help: "Print the values before each line of output.")
  var tag = false

  @Flag(
    name: [.long, .customLong("bar"), .customLong("eta")],
    help: "Show on standard error how far it is: one line on a terminal, a line a minute in a file.")
  var progress = false
}

extension TimeLimit: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}

extension HaltPolicy: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}
