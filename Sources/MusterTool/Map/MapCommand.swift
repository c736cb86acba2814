import ArgumentParser
import Glibc
import Muster

/// `muster map`: a command for every line of input, across the workers of the allocation that we are in.
struct MapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Runs a command for every line of input, across a whole allocation.",
    usage: "muster map [options] [command [words …]] [::: values … | :::: files …] …",
    discussion: Self.teaching)

  @OptionGroup(title: "Input")
  var input: MapInputOptions
  @OptionGroup(title: "Workers")
  var workers: MapWorkerOptions
  @OptionGroup(title: "Commands")
  var commands: MapRunOptions
  @OptionGroup(title: "Output")
  var output: MapOutputOptions

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp(
      "The command, then ::: and values, or :::: and files. Options of muster go before it.", valueName: "words"))
  var words: [String] = []

  private var parsedWords: MapWords {
    get throws { try MapWords(words.first == "--" ? Array(words.dropFirst()) : words, files: input.argFile) }
  }

  func validate() throws {
    // The parser takes it for the command.
    if let first = words.first, ["-h", "--help"].contains(first) { throw CleanExit.helpRequest(Self.self) }
    if let first = words.first, first.hasPrefix("-"), first != "--", first != "-" {
      throw ValidationError(UnknownOption(first, in: Self.self).description)
    }
    if commands.resume || commands.resumeFailed, commands.joblog == nil {
      throw ValidationError("--resume needs the joblog of the earlier run: give it with --joblog FILE")
    }
    do {
      let words = try parsedWords
      if let refusal = CommandTemplate(words.command, quoted: input.quote).refusal {
        throw MapError("a value cannot be written \(refusal)")
      }
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() async throws {
    let command = self
    do {
      let status = try await Task.onCluster { try await command.map() }.value
      throw ExitCode(status)
    } catch let error as ExitCode {
      throw error
    } catch {
      // Where in the program of a worker it was thrown is of no use here.
      let text = (error as? RemoteError)?.message ?? failureReport(error)
      try? writeWhole("muster map: \(text)\n".bytes, to: STDERR_FILENO, called: "standard error")
      throw ExitCode(255)
    }
  }

  // MARK: Running

  private func map() async throws -> Int32 {
    let places = workers.workers
    try await places.join()
    let words = try parsedWords
    let splitter = try input.colsep.map { pattern throws(MapError) in try ColumnSplitter(pattern) }
    let template = CommandTemplate(words.command, quoted: input.quote)
    let lists = try ArgumentLists(words.groups, separator: input.null ? 0 : UInt8(ascii: "\n"), splitter: splitter)
    if words.readsStandardInput, isatty(STDIN_FILENO) == 1 {
      try writeWhole(
        "muster map: the values are read from the terminal; end them with Ctrl-D\n".bytes, to: STDERR_FILENO,
        called: "standard error")
    }
    if commands.dryRun { return try print(template, lists) }

    let (joblog, resumption) = try openJoblog()
    let progress = output.progress ? ProgressLine() : nil
    let printer = OutputPrinter(
      keepsOrder: output.keepOrder, tags: output.tag, joblog: joblog, progress: progress)
    let queue = MapCommands(template, lists, resumption) { printer.skip($0) }
    let halt = commands.halt == .never ? nil : commands.halt
    let total = halt?.needsTotal == true ? queue.count() : words.count
    try await places.start(for: total)
    let hosts = try await prepareWorkers()
    let run = MapRun(
      hosts: hosts, jobsPerWorker: workers.jobs, rules: .init(attempts: commands.retries, halt: halt),
      printer: printer, joblog: joblog, progress: progress)
    let ticker = progress?.begin()
    defer {
      ticker?.cancel()
      progress?.finish()
    }
    let status = try await run.run(queue, total: total)
    // The others are still looked after.
    for pid in hosts.keys { _ = try? await remotecallFetch(DismissGuard(), on: pid) }
    return status
  }

  private func openJoblog() throws(MapError) -> (Joblog?, Resumption) {
    guard let path = commands.joblog else { return (nil, Resumption()) }
    let isResumed = commands.resume || commands.resumeFailed
    return try Joblog.open(path, isResumed ? .resume(repeatsFailed: commands.resumeFailed) : .new)
  }

  /// - Returns: the hosts of the workers; of those that were lost meanwhile there is none.
  private func prepareWorkers() async throws -> [ProcessID: String] {
    var calls: [(ProcessID, Future<String>)] = []
    for (index, pid) in Muster.workers().enumerated() {
      let settings = CommandSlots.Settings(
        shell: commands.shellPath, slots: workers.jobs, firstSlot: index * workers.jobs + 1,
        timeout: commands.timeout.map { $0.duration / .seconds(1) })
      do {
        calls.append((pid, try await remotecall(PrepareCommands(settings: settings), on: pid)))
      } catch is ProcessExitedError {
        continue
      }
    }
    var hosts: [ProcessID: String] = [:]
    for (pid, host) in calls {
      do { hosts[pid] = try await host.fetch() } catch is ProcessExitedError { continue }
    }
    guard !hosts.isEmpty else { throw MapError("all workers were lost before the first command") }
    return hosts
  }

  /// What would be run.
  private func print(_ template: CommandTemplate, _ lists: ArgumentLists) throws(MapError) -> Int32 {
    var sequence = 0
    while let arguments = lists.next() {
      sequence += 1
      let text = template(arguments, sequence: sequence).inSlot(1)
      try writeWhole(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO, called: "standard output")
    }
    if let failure = lists.failure { throw failure }
    return 0
  }
}
