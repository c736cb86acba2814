/// Commands and arguments are bytes: names of files need not be UTF-8.
typealias Bytes = [UInt8]

extension Sequence<UInt8> {
  /// For people to read.
  var text: String { String(decoding: Array(self), as: UTF8.self) }
}

extension String {
  var bytes: Bytes { Bytes(utf8) }
}
