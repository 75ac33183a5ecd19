"""The style sheet of the customer's pages: one column, phone first, light and dark."""

STYLE = """
:root{color-scheme:light dark;--ground:#eef2f7;--card:#fff;--ink:#16202e;--soft:#5d6b7e;
--line:#dfe5ee;--brand:#0b5cab;--on-brand:#fff;--good:#12805c;--bad:#b3261e;--wait:#9a6700}
@media(prefers-color-scheme:dark){:root{--ground:#0f141b;--card:#19212c;--ink:#e8edf4;
--soft:#9aa8bb;--line:#2b3645;--brand:#6db1ff;--on-brand:#06203d;--good:#57d3a4;--bad:#ff9a92;
--wait:#f0c36a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.sheet{max-width:27rem;margin:0 auto;background:var(--card);min-height:100vh;padding-bottom:1.5rem}
@media(min-width:32rem){.sheet{min-height:0;margin:2.5rem auto;border-radius:1rem;overflow:hidden;
box-shadow:0 1px 2px #0002,0 12px 32px #0001}}
header{display:flex;justify-content:space-between;align-items:center;gap:1rem;
padding:.8rem 1.25rem;border-bottom:1px solid var(--line)}
h1{font-size:1rem;margin:0}
.tag{font-size:.7rem;letter-spacing:.04em;color:var(--soft);border:1px solid var(--line);
border-radius:1rem;padding:.1rem .6rem;white-space:nowrap}
main{padding:1rem 1.25rem}
h2{font-size:.78rem;letter-spacing:.05em;text-transform:uppercase;color:var(--soft);
margin:1.4rem 0 .4rem}
.order{color:var(--soft);font-size:.85rem;margin:0;overflow-wrap:anywhere}
.amount{font-size:2rem;line-height:1.2;font-weight:700;margin:.1rem 0 .6rem;
font-variant-numeric:tabular-nums}
.note{color:var(--soft);font-size:.88rem;margin:.4rem 0}
.state{border-radius:.6rem;padding:.7rem .9rem;margin:.6rem 0;font-weight:600;
border-left:4px solid;background:var(--ground)}
.good{border-color:var(--good);color:var(--good)}.bad{border-color:var(--bad);color:var(--bad)}
.wait{border-color:var(--wait);color:var(--wait)}
.fact{margin:.9rem 0}.fact small{display:block;color:var(--soft)}
.code{font:600 1.35rem/1.35 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere;
user-select:all}
.qr{display:block;width:min(15rem,100%);margin:1rem auto;background:#fff;padding:.5rem;
border-radius:.6rem;border:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:.6rem;margin:.6rem 0}
summary{cursor:pointer;padding:.7rem .9rem;font-weight:600}
details>div{padding:0 .9rem .9rem}
table{width:100%;border-collapse:collapse;font-size:.92rem}
td{padding:.3rem 0;border-bottom:1px solid var(--line)}
td:last-child{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
form{margin:0}label{display:block;margin:.6rem 0;font-size:.85rem;color:var(--soft)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
input{font:inherit;color:inherit;width:100%;padding:.65rem .75rem;margin-top:.2rem;
border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
button,a.link,a.do{font:inherit;display:block;width:100%;cursor:pointer;text-decoration:none}
button.do,a.do{background:var(--brand);color:var(--on-brand);border:0;border-radius:.6rem;
padding:.8rem;font-weight:600;text-align:center;margin-top:.8rem}
button.undo,a.link{background:none;border:0;color:var(--brand);padding:.7rem;text-align:center}
button.undo{color:var(--bad)}
button.alt{background:none;color:var(--brand);border:1px solid var(--brand);border-radius:.6rem;
padding:.75rem;font-weight:600;text-align:center;margin-top:.6rem}
.choices{border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
.choices form+form{border-top:1px solid var(--line)}
.choices button{display:flex;align-items:center;gap:.8rem;background:none;border:0;color:inherit;
text-align:left;padding:.65rem .9rem}
.choices button:hover{background:var(--ground)}
.choices button::after{content:"\\203A";margin-left:auto;color:var(--soft);font-size:1.2rem}
.mark{flex:none;width:3.5rem;text-align:center;font-size:.6rem;font-weight:700;line-height:1.7rem;
color:#fff;border-radius:.35rem;letter-spacing:.03em}
:focus-visible{outline:2px solid var(--brand);outline-offset:2px}
"""
