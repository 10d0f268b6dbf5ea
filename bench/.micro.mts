import { AnswerObservation } from './answer-observation.js';
import { ChunkBytes } from './mock/answer-bytes.js';
const c = new ChunkBytes({endpoint:'chat',tokensPerChunk:1,chunkBytes:0});
const strip=(s)=>s.slice(s.indexOf('\r\n')+2,-2);
const chunks=Array.from({length:200},(_, i)=>Buffer.from(strip(c.stamped(1e9+i*20000))));
function once(n){ for(let k=0;k<n;k++){ const o=new AnswerObservation({stream:true,saveText:false}); o.head(200,'text/event-stream'); let t=0; for(const b of chunks) o.bytes(b,t+=20); } }
once(50);
for(let r=0;r<5;r++){ const u=process.cpuUsage(); once(500); const d=process.cpuUsage(u); console.log(((d.user+d.system)/(500*200)).toFixed(2),'us/event'); }
