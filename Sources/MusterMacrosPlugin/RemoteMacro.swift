import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@Remote func square(_ x: Int) -> Int`: a type that conforms to `RemoteFunction` and calls the function, and `$square`,
/// which is a value of it or, for several parameters, makes one of the arguments.
public struct RemoteMacro: PeerMacro {
  public static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) -> [DeclSyntax] {
    guard let function = declaration.as(FunctionDeclSyntax.self) else {
      context.complain("@Remote is for functions: write it before a `func`", at: node)
      return []
    }
    guard let remote = RemoteDeclaration(function, in: context) else { return [] }
    // Two files may have private functions of the same name, but not internal types.
    let type = remote.access.isPrivate ? context.makeUniqueName(remote.name).text : "Remote_\(remote.name)"
    return remote.parameters.count < 2
      ? [remote.functionType(named: type), remote.value(of: type)]
      : [remote.thunkType(named: type), remote.maker(of: type)]
  }
}

extension RemoteDeclaration {
  /// Of the generated type: other processes do not find a private one.
  private var typeAccess: String { access.isPrivate ? "" : access.prefix }
  private var staticKeyword: String { isStatic ? "static " : "" }
  private var effects: String { (isAsync ? " async" : "") + throwing }
  private var returning: String { result.map { " -> \($0.trimmed)" } ?? "" }

  private var call: String {
    let arguments = parameters.map { $0.label + $0.property }.joined(separator: ", ")
    return (throwing.isEmpty ? "" : "try ") + (isAsync ? "await " : "") + "\(reference)(\(arguments))"
  }

  /// For a function of one parameter or none.
  fileprivate func functionType(named type: String) -> DeclSyntax {
    let input = parameters.first
    let conformance =
      switch (input != nil, result != nil) {
      case (true, true): "RemoteFunction"
      case (true, false): "RemoteProcedure"
      case (false, true): "RemoteThunk"
      case (false, false): "RemoteAction"
      }
    // Nothing else says what the input of a procedure is: there is more than one callAsFunction.
    let alias = input != nil && result == nil ? "\(typeAccess)typealias Input = \(input!.type)\n  " : ""
    return """
      \(raw: typeAccess)nonisolated struct \(raw: type): Muster.\(raw: conformance) {
        \(raw: alias)\(raw: typeAccess)init() {}
        \(raw: typeAccess)func callAsFunction(\(raw: input.map { "_ \($0.property): \($0.type)" } ?? ""))\(raw: effects)\(raw: returning) {
          \(raw: call)
        }
      }
      """
  }

  fileprivate func value(of type: String) -> DeclSyntax {
    "\(raw: access.prefix)\(raw: staticKeyword)nonisolated var $\(raw: name): \(raw: type) { \(raw: type)() }"
  }

  /// For a function of several parameters.
  fileprivate func thunkType(named type: String) -> DeclSyntax {
    let conformance = result == nil ? "RemoteAction" : "RemoteThunk"
    let properties = parameters.map { "let \($0.property): \($0.type)" }.joined(separator: "\n  ")
    let names = parameters.map { "_ \($0.property): \($0.type)" }.joined(separator: ", ")
    let assignments = parameters.map { "self.\($0.property) = \($0.property)" }.joined(separator: "\n    ")
    return """
      \(raw: typeAccess)nonisolated struct \(raw: type): Muster.\(raw: conformance) {
        \(raw: properties)
        \(raw: typeAccess)init(\(raw: names)) {
          \(raw: assignments)
        }
        \(raw: typeAccess)func callAsFunction()\(raw: effects)\(raw: returning) {
          \(raw: call)
        }
      }
      """
  }

  fileprivate func maker(of type: String) -> DeclSyntax {
    let names = parameters.map { "\($0.names): \($0.type)\($0.defaultValue)" }.joined(separator: ", ")
    let arguments = parameters.map(\.property).joined(separator: ", ")
    return """
      \(raw: access.prefix)\(raw: staticKeyword)nonisolated func $\(raw: name)(\(raw: names)) -> \(raw: type) {
        \(raw: type)(\(raw: arguments))
      }
      """
  }
}
