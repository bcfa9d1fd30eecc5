// The camera: started, switched, stopped. Frames are taken from it one at a time.

const NAMES = {
  NotAllowedError: "The browser was told not to use the camera. Allow it beside the address, then try again.",
  NotFoundError: "No camera was found.",
  NotReadableError: "Another program is using the camera.",
  OverconstrainedError: "That camera isn't there any more.",
};
export const ELSEWHERE = "Browsers give a page the camera only at https:// or at localhost. "
  + "Open it on the machine that runs the server, or put a proxy with https in front of it.";

export const available = () => Boolean(window.isSecureContext && navigator.mediaDevices?.getUserMedia);

export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
    this.wanted = 0; // which start is the last one: an older one that comes late is let go
  }

  get on() { return Boolean(this.stream); }
  get settings() { return this.stream?.getVideoTracks()[0]?.getSettings() ?? {}; }

  // What faces whoever looks at the screen is shown as in a mirror.
  get mirrored() { return this.settings.facingMode !== "environment"; }

  // choice: {facingMode} or {deviceId}. Throws an Error whose message can be shown.
  async start(choice = { facingMode: "environment" }) {
    this.stop();
    const mine = ++this.wanted;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { ...choice, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
    } catch (error) {
      throw new Error(NAMES[error.name] ?? `The camera can't be used: ${error.message}`);
    }
    if (mine !== this.wanted) {
      stream.getTracks().forEach((track) => track.stop());
      return false;
    }
    this.stream = stream;
    // Unplugged, or taken away by the system.
    stream.getVideoTracks()[0].addEventListener("ended", () => { if (this.stream === stream) this.onEnded?.(); });
    this.video.srcObject = stream;
    await this.video.play().catch(() => {});
    return mine === this.wanted;
  }

  stop() {
    this.wanted += 1;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  // All cameras; their names are known once one was allowed.
  async all() {
    const found = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    return found.filter(({ kind }) => kind === "videoinput");
  }

  // The other side of a phone, or the next camera of a computer.
  async next() {
    const { facingMode, deviceId } = this.settings;
    if (facingMode) return this.start({ facingMode: facingMode === "user" ? "environment" : "user" });
    const cameras = await this.all();
    const place = cameras.findIndex((camera) => camera.deviceId === deviceId);
    const other = cameras[(place + 1) % cameras.length];
    return this.start({ deviceId: { exact: other.deviceId } });
  }

  // A frame as a JPEG, not above `side` pixels; null before there is one.
  async frame(side, name = "camera.jpg") {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!this.on || !width) return null;
    const scale = Math.min(1, side / Math.max(width, height));
    const canvas = this.canvas ??= document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((go) => canvas.toBlob(go, "image/jpeg", 0.92));
    return blob && new File([blob], name, { type: "image/jpeg" });
  }
}
