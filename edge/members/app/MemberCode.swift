// The member code on an iPhone's screen (iOS 16). Call tick() once a second while the screen is open.
import CoreImage.CIFilterBuiltins
import UIKit

struct Token: Decodable { let exp: Double; let text: String }  // exp: UNIX seconds by the server's clock
struct Pack: Decodable { let server_time: Double; let tokens: [Token] }

@MainActor
final class MemberCode {
    private let clock = ContinuousClock()  // goes on while the phone sleeps; nobody can set it
    private let start: ContinuousClock.Instant
    private let fetchPack: @MainActor () async throws -> Pack
    private let show: (UIImage?, Int) -> Void  // the picture, seconds left; nil: "connect once to show your code"
    private var tokens: [Token] = []
    private var ahead = 0.0, asking = false, askAt = -Double.infinity, wait = 30.0, member = 0
    private var drawn: (text: String, image: UIImage)?

    init(fetchPack: @escaping @MainActor () async throws -> Pack, show: @escaping (UIImage?, Int) -> Void) {
        (self.fetchPack, self.show, start) = (fetchPack, show, ContinuousClock().now)
    }

    private var monotonic: Double {
        let (seconds, attoseconds) = start.duration(to: clock.now).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    func tick() {
        let now = monotonic + ahead
        tokens.removeAll { $0.exp <= now }
        if tokens.count < 60, monotonic >= askAt { Task { await refresh() } }
        guard let token = tokens.first(where: { $0.exp - 60 <= now }) else {
            drawn = nil
            return show(nil, 0)
        }
        if token.text != drawn?.text { drawn = Self.draw(token.text).map { (token.text, $0) } }
        show(drawn?.image, Int((token.exp - now).rounded(.up)))
    }

    func refresh() async {  // the app asks, too, when it comes to the front with few tokens left
        guard !asking else { return }
        asking = true
        defer { asking = false }
        let asked = monotonic, of = member
        do {
            let pack = try await fetchPack()
            let came = monotonic
            guard of == member else { return }
            guard came - asked <= 10 else { throw URLError(.timedOut) }  // too slow to tell the time by
            ahead = pack.server_time - (asked + came) / 2
            tokens = pack.tokens.sorted { $0.exp < $1.exp }
            (wait, askAt) = (30, came + 30)
        } catch where of == member {  // offline is no failure: the pack lasts
            (askAt, wait) = (monotonic + wait, min(2 * wait, 600))
        } catch {}  // of a member who has signed out
    }

    func signOut() {
        member += 1
        (tokens, drawn, askAt) = ([], nil, .infinity)
        show(nil, 0)
    }

    func signIn() { askAt = -.infinity }

    static func draw(_ text: String) -> UIImage? {
        let filter = CIFilter.qrCodeGenerator()
        (filter.message, filter.correctionLevel) = (Data(text.utf8), "L")
        // Version 6 has 41 modules, and the filter adds one of light on each side. More is no alphanumeric mode.
        guard let code = filter.outputImage, code.extent.width <= 43 else { return nil }
        let light = CIImage(color: .white).cropped(to: code.extent.insetBy(dx: -4, dy: -4))
        let whole = code.composited(over: light).samplingNearest().transformed(by: .init(scaleX: 12, y: 12))
        return CIContext().createCGImage(whole, from: whole.extent).map { UIImage(cgImage: $0) }
    }
}
