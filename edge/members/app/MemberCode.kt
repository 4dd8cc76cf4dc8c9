// The member code on an Android phone's screen. Call tick() once a second while the screen is open. QR: ZXing.
import android.graphics.Bitmap
import android.graphics.Color
import android.os.SystemClock
import com.google.zxing.BarcodeFormat
import com.google.zxing.EncodeHintType
import com.google.zxing.WriterException
import com.google.zxing.qrcode.QRCodeWriter
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import java.io.IOException
import kotlin.math.ceil
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

data class Token(val exp: Double, val text: String) // exp: UNIX seconds by the server's clock
data class Pack(val server_time: Double, val tokens: List<Token>)

class MemberCode(
    private val main: CoroutineScope, // of the main thread
    private val fetchPack: suspend () -> Pack, // throws when offline, or when the answer is none
    private val show: (Bitmap?, Int) -> Unit, // the picture, seconds left; null: "connect once to show your code"
) {
    private var tokens = listOf<Token>()
    private var ahead = 0.0
    private var asking = false
    private var askAt = Double.NEGATIVE_INFINITY
    private var wait = 30.0
    private var member = 0
    private var drawn: Pair<String, Bitmap>? = null

    /** Goes on while the phone sleeps; nobody can set it. */
    private fun monotonic() = SystemClock.elapsedRealtime() / 1000.0

    fun tick() {
        val now = monotonic() + ahead
        tokens = tokens.filter { it.exp > now }
        if (tokens.size < 60 && monotonic() >= askAt) main.launch { refresh() }
        val token = tokens.firstOrNull { it.exp - 60 <= now }
        if (token == null) {
            drawn = null
            return show(null, 0)
        }
        if (token.text != drawn?.first) drawn = draw(token.text)?.let { token.text to it }
        show(drawn?.second, ceil(token.exp - now).toInt())
    }

    suspend fun refresh() { // the app asks, too, when it comes to the front with few tokens left
        if (asking) return
        asking = true
        val asked = monotonic()
        val of = member
        try {
            val pack = fetchPack()
            val came = monotonic()
            if (of != member) return
            if (came - asked > 10) throw IOException("too slow to tell the time by")
            ahead = pack.server_time - (asked + came) / 2
            tokens = pack.tokens.sortedBy { it.exp }
            wait = 30.0
            askAt = came + 30
        } catch (stopped: CancellationException) {
            throw stopped
        } catch (offline: Exception) { // no failure: the pack lasts
            if (of != member) return
            askAt = monotonic() + wait
            wait = minOf(2 * wait, 600.0)
        } finally {
            asking = false
        }
    }

    fun signOut() {
        member += 1
        tokens = emptyList()
        drawn = null
        askAt = Double.POSITIVE_INFINITY
        show(null, 0)
    }

    fun signIn() { askAt = Double.NEGATIVE_INFINITY }

    companion object {
        /** Null for a text that is no version 6 in alphanumeric mode, which ZXing picks by itself. */
        fun draw(text: String): Bitmap? {
            val hints = mapOf(
                EncodeHintType.ERROR_CORRECTION to ErrorCorrectionLevel.L,
                EncodeHintType.QR_VERSION to 6,
                EncodeHintType.MARGIN to 4,
            )
            val side = 49 * 12 // 41 modules and 4 of light on each side
            val code = try {
                QRCodeWriter().encode(text, BarcodeFormat.QR_CODE, side, side, hints)
            } catch (unfit: WriterException) {
                return null
            }
            val pixels = IntArray(side * side) { if (code[it % side, it / side]) Color.BLACK else Color.WHITE }
            return Bitmap.createBitmap(pixels, side, side, Bitmap.Config.RGB_565)
        }
    }
}
