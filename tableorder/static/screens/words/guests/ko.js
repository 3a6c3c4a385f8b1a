export default {
  language: "언어",
  setUp: {
    title: "태블릿 등록",
    about: "매장 번호와 테이블 비밀번호를 한 번만 입력하면 이 기기가 계속 그 테이블로 쓰입니다.",
    store: "매장 번호",
    table: "테이블 번호",
    password: "테이블 비밀번호",
    submit: "등록하기",
    sending: "확인하고 있습니다…",
  },
  welcome: "어서 오세요",
  begin: "주문 시작하기",
  /** @param {number} number */
  table: (number) => `${number}번 테이블`,
  menu: "메뉴",
  categories: "메뉴 분류",
  callStaff: "직원 호출",
  staffCalled: "직원을 불렀습니다",
  staffComing: "직원이 가고 있습니다",
  cart: "장바구니",
  orders: "주문 내역",
  soldOut: "품절",
  /** @param {string} time */
  servedFrom: (time) => `${time}부터`,
  notServed: "지금은 판매 안 함",
  loading: "메뉴를 불러오고 있습니다…",
  emptyMenu: "아직 등록된 메뉴가 없습니다.",
  emptyCart: "담은 메뉴가 없습니다.",
  noOrders: "아직 주문하신 메뉴가 없습니다.",
  /** @param {string} price */
  add: (price) => `${price} 담기`,
  close: "닫기",
  fewer: "하나 빼기",
  more: "하나 더",
  quantity: "수량",
  remove: "빼기",
  note: "요청 사항",
  noteHint: "예: 덜 맵게 해 주세요",
  required: "필수",
  /** @param {number} most */
  upTo: (most) => `최대 ${most}개`,
  /** @param {string} group @param {number} least */
  chooseMore: (group, least) => `‘${group}’에서 ${least}개를 골라 주세요.`,
  total: "합계",
  /** @param {string} price */
  order: (price) => `${price} 주문하기`,
  sending: "주문을 보내고 있습니다…",
  waiting: "연결을 기다리고 있습니다. 연결되면 주문이 한 번만 들어갑니다.",
  ordered: "주문이 들어갔습니다.",
  sessionTotal: "지금까지 주문하신 금액",
  status: { 대기중: "접수됨", 준비중: "준비 중", 완료: "나왔습니다" },
  disconnected: "연결이 끊겼습니다. 메뉴는 계속 보실 수 있고, 연결되면 자동으로 이어집니다.",
  ended: "이용해 주셔서 고맙습니다.",
  endedWhileSending: "자리가 정리되어 보내던 주문이 들어갔는지 확인할 수 없습니다. 직원에게 물어봐 주세요.",
  /** @param {string} menu */
  becameSoldOut: (menu) => `‘${menu}’ 메뉴가 방금 품절되었습니다. 빼고 다시 주문해 주세요. 주문은 들어가지 않았습니다.`,
  /** @param {string} menu */
  notServedNow: (menu) => `‘${menu}’ 메뉴는 지금 판매하는 시간이 아닙니다. 빼고 다시 주문해 주세요. 주문은 들어가지 않았습니다.`,
  /** @param {string} menu @param {number} remaining */
  fewLeft: (menu, remaining) => `‘${menu}’ 메뉴는 ${remaining}개만 남았습니다.`,
  /** @param {string} menu @param {string} price */
  newPrice: (menu, price) => `‘${menu}’ 가격이 ${price}으로 바뀌었습니다.`,
  quoteChanged: "담아 두신 사이에 메뉴가 바뀌었습니다. 확인하고 다시 주문해 주세요. 주문은 들어가지 않았습니다.",
  changed: "메뉴가 바뀌어 주문이 들어가지 않았습니다. 장바구니를 확인해 주세요.",
  wrongPassword: "번호나 비밀번호가 맞지 않습니다. 직원에게 알려 주세요.",
  /** @param {number} seconds */
  tooMany: (seconds) => `${seconds}초 뒤에 다시 시도해 주세요.`,
  /** @param {string} id */
  failed: (id) => `요청을 처리하지 못했습니다. 직원을 불러 주세요. (${id})`,
  spicy: "매운 정도",
  spiciness: ["조금 매움", "매움", "아주 매움"],
  age: "연령",
  /** @param {number} age */
  fromAge: (age) => `${age}세 이상`,
  allergens: "알레르기 유발 재료",
  none: "없음",
  askStaff: "직원에게 물어봐 주세요.",
  origin: "원산지 표시",
};
